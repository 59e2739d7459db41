// What is shown once: the secret, ready lines with it, the code to claim by; and whether the device has been heard.
import { useState } from 'preact/hooks'
import type { Live } from '../shared/live/live'
import { QrCode } from '../shared/step-up/QrCode'
import { dayAndTime } from '../shared/time'
import { Copy } from '../shared/ui/Copy'
import type { ClaimCode, DeviceAdded, Me } from '../shared/wire'
import { Connectivity } from './Connectivity'
import { Wear } from './Wear'
import { t } from './words'

function Secret({ added }: { added: DeviceAdded }) {
  return (
    <section class="card secret stack" aria-label={t('secret')}>
      <div class="head">
        <b>{t('secret')}</b>
        <span class="tag warn">{t('shownOnce')}</span>
      </div>
      <dl class="facts">
        <dt>{t('user')}</dt>
        <dd>
          <code data-testid="added-id">{added.device.id}</code>
        </dd>
        <dt>{t('password')}</dt>
        <dd>
          <code id="secret" data-testid="secret">
            {added.secret}
          </code>{' '}
          <Copy text={added.secret} shownIn="secret" testid="secret-copy" />
        </dd>
        <dt>{t('topic')}</dt>
        <dd>
          <code>{added.topic}</code>
        </dd>
      </dl>
    </section>
  )
}

export function Claim({ claim }: { claim: ClaimCode }) {
  return (
    <section class="card claim" aria-label={t('claim')} data-testid="claim">
      <QrCode rows={claim.qr} label={t('claimQr')} />
      <div class="stack">
        <b>{t('claim')}</b>
        <code class="claim-code" data-testid="claim-code">
          {claim.code}
        </code>
        <p class="small soft">{t('claimMeans', dayAndTime(claim.expires_at))}</p>
      </div>
    </section>
  )
}

export function Added({ added, live, me, close }: { added: DeviceAdded; live: Live; me: Me; close: () => void }) {
  const [heard, setHeard] = useState(false)
  return (
    <>
      <Secret added={added} />
      <Connectivity deviceId={added.device.id} live={live} lines={added.lines} known={null} heard={() => setHeard(true)} />
      {heard && <Wear device={added.device} me={me} />}
      {added.claim && <Claim claim={added.claim} />}
      <div class="actions">
        <button class={heard ? 'primary' : ''} data-testid="added-close" onClick={close}>
          {heard ? t('done') : t('doneLater')}
        </button>
      </div>
    </>
  )
}
