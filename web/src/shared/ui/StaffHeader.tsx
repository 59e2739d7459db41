// The top of the pages of those who arrange: where one is, where one can go, who one is.
import { signOut } from '../staff'
import type { Me, Role } from '../wire'
import { t } from '../words'
import { LanguageSwitch } from './Language'
import './staff.css'

type Page = 'console' | 'desk' | 'roster' | 'outbox' | 'texts' | 'devices' | 'quarantine'

const PAGES: Record<Role, readonly Page[]> = {
  patient: [],
  doctor: ['console', 'devices'],
  operator: ['desk', 'console', 'devices', 'quarantine', 'roster', 'outbox', 'texts'],
  admin: ['devices', 'roster', 'outbox', 'texts'],
}

export function StaffHeader({ me, here }: { me: Me | null; here: Page | 'account' }) {
  return (
    <header class="staff-header">
      <b class="brand">Bedside</b>
      <nav aria-label={t('pages')}>
        {(me ? PAGES[me.role] : []).map((page) => (
          <a href={`/${page}`} aria-current={page === here ? 'page' : undefined} data-testid={`to-${page}`}>
            {t(page)}
          </a>
        ))}
      </nav>
      <span class="spring" />
      <LanguageSwitch />
      <a href="/account" aria-current={here === 'account' ? 'page' : undefined} data-testid="who">
        {me?.name}
      </a>
      <button class="quiet" data-testid="sign-out" onClick={() => void signOut()}>
        {t('signOut')}
      </button>
    </header>
  )
}
