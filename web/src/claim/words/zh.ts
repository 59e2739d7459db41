// 绑定设备页的中文。
import { zh as shared } from '../../shared/words/zh'
import type { en } from './en'

export const zh: typeof en = {
  ...shared,
  title: '绑定设备 · Bedside',
  heading: '绑定设备',
  code: '设备上的绑定码',
  forMe: '由我佩戴此设备',
  forMeMeans: '从现在起，它的测量属于您。仅限本人佩戴。',
  forPatient: '由患者佩戴',
  submit: '绑定',
  nobody: '此手机尚未登录。患者请先打开短信中的链接，在“我领到了测量设备”处输入绑定码，或再次扫码。工作人员请登录。',
  signIn: '工作人员登录',
  toTicket: '返回我的就诊',
  toDevices: '查看设备',
  claimed: (label) => `${label} 绑定成功。`,
  whose: (serial) => `用于您的就诊：${serial} 号`,
}
