// English of the outbox.
import { deliveries } from '../../shared/words/deliveries.en'
import { en as shared } from '../../shared/words/en'

export const en = {
  ...shared,
  ...deliveries,
  title: 'Outbox · Bedside',
  hint: 'Every message to a person, newest first. With the console gateway nothing leaves this server: read the links here.',
  all: 'All',
  state_queued: 'Queued',
  state_sent: 'Sent',
  state_delivered: 'Delivered',
  state_failed: 'Failed',
  state_expired: 'Expired',
  state_over_budget: 'Over budget',
  filter: 'State',
  search: 'Search number or text',
  to: 'To',
  message: 'Message',
  state: 'State',
  attempts: (count: number) => `${count} ${count === 1 ? 'attempt' : 'attempts'}`,
  urgent: 'urgent',
  copyLink: 'Copy link',
  empty: 'Nothing has been sent yet. Book a patient in the console.',
  nothingFound: 'No message matches.',
  notForYou: 'The outbox is for operators and administrators.',
  findings: 'Speaks of findings: for the doctor in charge only.',
  receiptAt: (time: string) => `receipt ${time}`,
  parts: (count: number) => (count === 1 ? '1 part' : `${count} parts`),
  sentAt: (time: string) => `sent ${time}`,
}
