// 短信文本页的中文。
import { deliveries } from '../../shared/words/deliveries.zh'
import { zh as shared } from '../../shared/words/zh'
import type { en } from './en'

export const zh: typeof en = {
  ...shared,
  ...deliveries,
  title: '短信文本 · Bedside',
  notForYou: '本页仅供操作员和管理员使用。',
  textsMean: '以下为用示例填写后的实际文本。修改后对新消息生效。',
  parts: (count) => `${count} 条短信`,
  ownWords: (version) => `本院文本，第 ${version} 版`,
  edit: '修改',
  editText: (name, locale) => `${name}，${locale === 'en' ? '英文' : '中文'}`,
  words: '文本',
  needed: (slots) => `必须包含：${slots || '无'}。`,
  free: (slots) => `可以包含：${slots}。`,
  costs: (parts, units) => `${parts} 条短信，${units} 单位`,
  wrongSlot: (slot) => `缺少 ${slot}，或不能用在这里。`,
  badText: '此文本不能使用。',
  changedMeanwhile: '文本已被他人修改，请关闭后重新查看。',
  builtIn: '内置文本',
  save: '保存',
}
