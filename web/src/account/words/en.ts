// English of the account page.
import { en as shared } from '../../shared/words/en'

export const en = {
  ...shared,
  title: 'My account',
  factors: 'Second factors',
  factorsMean: 'What you show besides the password before you receive patients.',
  none: 'You have none yet.',
  app: 'Authenticator app',
  appMeans: 'Six digits, new every half minute',
  passkeyAdded: (day: string) => `Passkey, added ${day}`,
  add: 'Add a second factor',
  addTitle: 'Add a second factor',
  addMeans: 'A new authenticator app takes the place of the old one. Passkeys stay beside each other.',
  remove: 'Remove',
  removeThis: (name: string) => `Remove ${name}`,
  removeTitle: (name: string) => `Remove ${name}?`,
  removeMeans: 'It opens nothing any more from now on, here and in every other browser. Nobody can undo this; you can set one up anew.',
  removeYes: 'Yes, remove',
  keep: 'No, keep it',
  why: 'Before second factors are changed, show one that you have.',
  lost: 'Lost the only one? An administrator who knows you resets it.',
  notifications: 'Notifications',
  notificationsMean: 'Alarms and messages that are for you, in this browser.',
  notificationsNone: 'This hospital sends none to browsers: you are told by SMS.',
}
