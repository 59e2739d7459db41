// 消息的用途：发件箱与前台共用。
import type { deliveries as en } from './deliveries.en'

export const deliveries: typeof en = {
  template_booked: '预约',
  template_link_reset: '新链接',
  template_link_recovered: '找回链接',
  template_reminder_day: '提前一天提醒',
  template_reminder_soon: '提前十分钟提醒',
  template_three_ahead: '前面三位',
  template_called: '呼叫',
  template_missed: '过号',
  template_moved: '改期',
  template_cancelled: '取消',
  template_offer: '空号通知',
  template_summary_ready: '小结完成',
  template_alarm: '报警',
  template_alarm_unanswered: '报警无人确认',
  template_alarm_relay: '报警转告',
  template_handover: '报警接管',
  template_broker_drops: '消息服务器丢弃消息',
}
