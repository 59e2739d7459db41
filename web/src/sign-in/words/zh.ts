// 登录页的中文。
import { zh as shared } from '../../shared/words/zh'
import type { en } from './en'

export const zh: typeof en = {
  ...shared,
  title: '登录 · Bedside',
  heading: '登录',
  login: '登录名',
  password: '密码',
  signIn: '登录',
  wait: (seconds) => `请在 ${seconds} 秒后重试。`,
  demonstration: '这是演示系统。',
  demonstrationHint: '登录信息保存在一个文件中，服务器启动时在终端里显示其位置。',
  patients: '患者无需在此登录，请打开短信中的链接。',
  toBook: '预约就诊',
  toLostLink: '找不到链接？',
}
