// 发件箱的中文。
import { deliveries } from '../../shared/words/deliveries.zh'
import { zh as shared } from '../../shared/words/zh'
import type { en } from './en'

export const zh: typeof en = {
  ...shared,
  ...deliveries,
  title: '发件箱 · Bedside',
  hint: '发给每个人的每条消息，最新在前。使用控制台网关时消息不会发出本服务器，请在此查看链接。',
  all: '全部',
  state_queued: '待发送',
  state_sent: '已发送',
  state_delivered: '已送达',
  state_failed: '失败',
  state_expired: '已过期',
  state_over_budget: '超出限额',
  filter: '状态',
  search: '按号码或内容查找',
  to: '收件人',
  message: '内容',
  state: '状态',
  attempts: (count) => `尝试 ${count} 次`,
  urgent: '紧急',
  copyLink: '复制链接',
  empty: '还没有消息。请在工作台登记患者。',
  nothingFound: '没有符合的消息。',
  notForYou: '发件箱仅供操作员和管理员使用。',
  findings: '内容涉及检查结果，仅责任医生可见。',
  receiptAt: (time) => `${time} 回执`,
  parts: (count) => `${count} 条计费`,
  sentAt: (time) => `${time} 发送`,
}
