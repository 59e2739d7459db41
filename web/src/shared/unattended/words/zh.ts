// 报警无医生负责提示的中文。
import { zh as shared } from '../../words/zh'
import type { en } from './en'

export const zh: typeof en = {
  ...shared,
  unattended: '报警无医生负责',
  left: (doctor, patients) => `${doctor}已停用账号：${patients} 名患者的报警无医生负责。`,
  who: (department) => `由${department}的医生接管，或由管理员指定。`,
  whoAdmin: '由管理员指定接管的医生。',
  takeOver: '接管',
  takeOverFrom: (doctor) => `接管${doctor}的患者报警`,
  assign: '指定医生',
  assignFrom: (doctor) => `由谁接管${doctor}的患者报警`,
  means: '从现在起，这些报警首先通知您（本页和短信）。双方都会收到通知，并记录您的姓名。',
  meansOther: '从现在起，这些报警首先通知该医生。双方都会收到通知，并记录您的姓名。',
  successor: '医生',
  choose: '请选择…',
}
