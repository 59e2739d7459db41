// English of the sign-in page.
import { en as shared } from '../../shared/words/en'

export const en = {
  ...shared,
  title: 'Sign in · Bedside',
  heading: 'Sign in',
  login: 'Sign-in name',
  password: 'Password',
  signIn: 'Sign in',
  wait: (seconds: number) => `Try again in ${seconds} s.`,
  demonstration: 'This is a demonstration.',
  demonstrationHint: 'The sign-ins are in a file; the server names it in its terminal when it starts.',
  patients: 'Patients do not sign in here: they open the link in their SMS.',
  toBook: 'Book a visit',
  toLostLink: 'Link lost?',
}
