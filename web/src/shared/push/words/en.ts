// English of the notifications of this browser.

export const en = {
  start: 'Tell me by a notification of this browser',
  offMeans: 'Also on a locked screen. What is urgent comes by SMS too.',
  on: 'This browser tells you. What is urgent comes by SMS too.',
  stop: 'No more notifications here',
  unsupported: 'This browser cannot show notifications. You are told by SMS.',
  refused: 'Notifications of this site are refused in this browser. You are told by SMS. To change it: the browser’s settings for this site.',
  unreachable: 'The notification service of this browser does not answer. You are told by SMS.',
}
