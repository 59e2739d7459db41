// 账户页的中文。
import { zh as shared } from '../../shared/words/zh'
import type { en } from './en'

export const zh: typeof en = {
  ...shared,
  title: '我的账户',
  factors: '第二验证方式',
  factorsMean: '接诊前，除密码外还要出示的凭证。',
  none: '尚未设置。',
  app: '验证器应用',
  appMeans: '六位数字，每半分钟更换',
  passkeyAdded: (day) => `通行密钥，${day} 添加`,
  add: '添加第二验证方式',
  addTitle: '添加第二验证方式',
  addMeans: '新的验证器应用会取代旧的；通行密钥可以有多个。',
  remove: '移除',
  removeThis: (name) => `移除${name}`,
  removeTitle: (name) => `要移除${name}吗？`,
  removeMeans: '移除后在任何浏览器中都不再有效，不能撤销；可以重新设置。',
  removeYes: '是，移除',
  keep: '不，保留',
  why: '更改第二验证方式前，请先出示已有的一种。',
  lost: '唯一的一种丢失了？请认识您的管理员重置。',
  notifications: '通知',
  notificationsMean: '发给您的报警和消息，在此浏览器中提醒。',
  notificationsNone: '本院不向浏览器发送通知，我们用短信通知您。',
}
