// 二次验证对话框的中文。
import { zh as shared } from '../../words/zh'
import type { en } from './en'

export const zh: typeof en = {
  ...shared,
  title: '请确认是您本人',
  why: '接诊前须刚刚完成实名认证。',
  enrolFirst: '您还没有设置第二验证方式。现在设置，只需一分钟；开诊时会用到。',
  code: '验证器应用中的六位数字',
  nextCode: '设置完成。请输入下一组六位数字：每组只能用一次。',
  passwordAgain: '请再次输入密码',
  confirm: '确认',
  usePasskey: '使用通行密钥',
  enrolTotp: '设置验证器应用',
  enrolPasskey: '使用本设备的通行密钥',
  thisDevice: '本设备',
  scan: '用验证器应用扫描下面的二维码，然后输入显示的六位数字。',
  qrLabel: '验证器应用的二维码，内容与下面的密钥相同',
  typeSecret: '如不能扫描，请把下面的密钥输入应用，或在本设备上打开应用。',
  openApp: '在应用中打开',
}
