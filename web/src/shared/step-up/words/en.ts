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
  typeSecret: 'Type this into your authenticator app, or open it on this device, then enter the six digits that it shows.',
  openApp: 'Open in the app',
}
