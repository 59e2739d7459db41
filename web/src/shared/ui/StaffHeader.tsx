// The top of the pages of those who arrange: where one is, where one can go, who one is.
import { signOut } from '../staff'
import { STAFF_PAGES, type StaffPage } from '../staffPages'
import type { Me } from '../wire'
import { t } from '../words'
import { LanguageSwitch } from './Language'
import './staff.css'

export function StaffHeader({ me, here }: { me: Me | null; here: StaffPage | 'account' }) {
  return (
    <header class="staff-header">
      <b class="brand">Bedside</b>
      <nav aria-label={t('pages')}>
        {(me ? STAFF_PAGES[me.role] : []).map((page) => (
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
