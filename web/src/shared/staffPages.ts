// Which pages are whose, and where each begins: for the header, the way back after signing in, and the console.
import type { Role } from './wire'

export type StaffPage = 'console' | 'desk' | 'roster' | 'outbox' | 'texts' | 'devices' | 'quarantine'

export const STAFF_PAGES: Record<Role, readonly StaffPage[]> = {
  patient: [],
  doctor: ['console', 'devices'],
  operator: ['desk', 'console', 'devices', 'quarantine', 'roster', 'outbox', 'texts'],
  admin: ['devices', 'roster', 'outbox', 'texts'],
}

const HOME: Record<Role, string> = { patient: '/join', doctor: '/console', operator: '/desk', admin: '/outbox' }

/** Back to the page that asked for the sign-in, if this role has it; else to the role's own. */
export function afterSignIn(role: Role, wish: string | null): string {
  const own = ['/account', ...STAFF_PAGES[role].map((page) => `/${page}`)]
  return wish !== null && role !== 'patient' && own.includes(wish) ? wish : HOME[role]
}
