// 候诊屏的中文。
import { zh as shared } from '../../shared/words/zh'
import type { en } from './en'

export const zh: typeof en = {
  ...shared,
  title: '候诊屏',
  calling: '请就诊',
  soon: '即将叫号',
  nobody: '目前无人候诊',
  waiting: (count) => `候诊 ${count} 人`,
  doctors: (count) => `${count} 位医生接诊`,
  suspended: '医生暂停接诊，号码保留。',
  outOfDate: (time) => `信息过时：${time} 之后没有更新`,
  noSession: '今天没有这个队列。',
}
