// What people are told, and in which words. Types only.
import type { Moment } from './hospital'

export interface Delivery {
  id: string
  cause: string
  channel: string
  address: string
  template: string
  body: string
  state: 'queued' | 'sent' | 'delivered' | 'failed' | 'expired' | 'over_budget'
  attempts: number
  created_at: Moment
  sent_at: Moment | null
  error: string | null
  urgent: boolean
  parts: number | null // what an SMS costs
  receipt: Moment | null // when the provider said what became of it
}
export interface NotReached {
  cause: string
  template: string
  name: string
  phone: string | null
  since: Moment
  until: Moment
  urgent: boolean
  call_id: string | null // null where no call is asked for
  say: string
  tried: { channel: 'push' | 'sms' | 'mail' | 'voice'; state: Delivery['state']; at: Moment; error: string | null }[]
}
export type TemplateName =
  | 'booked'
  | 'link_reset'
  | 'link_recovered'
  | 'reminder_day'
  | 'reminder_soon'
  | 'three_ahead'
  | 'called'
  | 'missed'
  | 'moved'
  | 'cancelled'
  | 'offer'
  | 'summary_ready'
  | 'alarm'
  | 'alarm_unanswered'
  | 'alarm_relay'
  | 'handover'
  | 'broker_drops'
export interface TextForm {
  template: TemplateName
  locale: 'zh-CN' | 'en'
  version: number // 0: the built-in
  body: string
  built_in: string
  needed: string[]
  free: string[]
  example: string
  encoding: string
  parts: number
}
