// English of claiming a device.
import { en as shared } from '../../shared/words/en'

export const en = {
  ...shared,
  title: 'Claim a device · Bedside',
  heading: 'Claim a device',
  code: 'Code on the device',
  forMe: 'I wear this device',
  forMeMeans: 'What it measures from now on belongs to you. Only if you yourself wear it.',
  forPatient: 'A patient wears it',
  submit: 'Claim',
  nobody: 'Nobody is signed in on this phone. Patients: open the link of your SMS, then type the code there under “I was given a measuring device”, or scan again. Staff: sign in.',
  signIn: 'Sign in as staff',
  toTicket: 'Back to my visit',
  toDevices: 'To the devices',
  claimed: (label: string) => `${label} is claimed.`,
  whose: (serial: number) => `For your visit, No. ${serial}`,
}
