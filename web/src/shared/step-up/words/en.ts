// English of the step-up dialog.
import { en as shared } from '../../words/en'

export const en = {
  ...shared,
  title: 'Confirm that it is you',
  why: 'Who receives patients must have proven a moment ago who they are.',
  enrolFirst: 'You have no second factor yet. Set one up; it takes a minute and is asked for when you open a session.',
  code: 'Six digits from your authenticator app',
  nextCode: 'Set up. Now enter the next six digits: each code counts once.',
  passwordAgain: 'Your password once more',
  confirm: 'Confirm',
  usePasskey: 'Use a passkey',
  enrolTotp: 'Set up an authenticator app',
  enrolPasskey: 'Use a passkey of this device',
  thisDevice: 'This device',
  scan: 'Scan this with your authenticator app, then enter the six digits that it shows.',
  qrLabel: 'QR code for your authenticator app; the key below says the same',
  typeSecret: 'If it cannot be scanned, type this key into the app, or open the app on this device.',
  openApp: 'Open in the app',
}
