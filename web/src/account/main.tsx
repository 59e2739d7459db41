// One's own account: second factors, and the notifications of this browser.
import { PushButton } from '../shared/push/PushButton'
import { mount } from '../shared/ui/mount'
import { StaffPage } from '../shared/ui/StaffPage'
import './account.css'
import { SecondFactors } from './SecondFactors'
import { t } from './words'

function AccountPage() {
  return (
    <StaffPage here="account" title={t('title')}>
      {(me) => (
        <div class="account">
          <SecondFactors />
          <section class="card stack" aria-label={t('notifications')}>
            <h2>{t('notifications')}</h2>
            <p class="soft">{t('notificationsMean')}</p>
            <PushButton path="/push/subscribe" who={me.id} absent={t('notificationsNone')} />
          </section>
        </div>
      )}
    </StaffPage>
  )
}

mount(AccountPage, () => t('title'))
