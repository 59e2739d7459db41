// The page says itself that it sees nothing: full width, with the time since when.
import type { ComponentChildren } from 'preact'
import { exactTime } from '../time'
import { t } from '../words'

export function BlindBanner({ since, children }: { since: number | null; children?: ComponentChildren }) {
  return (
    <div role="alert">
      {since !== null && (
        <div class="blind" data-testid="blind-banner">
          <span>▧ {t('blind', exactTime(since))}</span>
          {children}
        </div>
      )}
    </div>
  )
}

export function WatchNotice() {
  return (
    <footer class="watch-notice" data-testid="watch-notice">
      {t('notTheOnlyWatch')}
    </footer>
  )
}
