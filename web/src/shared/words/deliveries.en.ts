// What a message is for, in English: outbox and desk.
export const deliveries = {
  template_booked: 'Booking',
  template_link_reset: 'New link',
  template_link_recovered: 'Link recovered',
  template_reminder_day: 'Reminder, a day before',
  template_reminder_soon: 'Reminder, ten minutes before',
  template_three_ahead: 'Three ahead',
  template_called: 'Call',
  template_missed: 'Missed call',
  template_moved: 'Moved',
  template_cancelled: 'Cancelled',
  template_offer: 'Place offered',
  template_summary_ready: 'Summary ready',
  template_alarm: 'Alarm',
  template_alarm_unanswered: 'Alarm unanswered',
  template_alarm_relay: 'Alarm relay',
  template_handover: 'Alarms taken over',
}
