// What is shown once: the secret, ready lines with it, the code to claim by; and whether the device has been heard.
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Live } from '../shared/live/live'
import { QrCode } from '../shared/step-up/QrCode'
import { dayAndTime } from '../shared/time'
import { Copy } from '../shared/ui/Copy'
import type { ClaimCode, Device, DeviceAdded, Me } from '../shared/wire'
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

/** On paper it stands alone (devices.css). */
export function Claim({ claim, device }: { claim: ClaimCode; device: Device }) {
  return (
    <section class="card claim" aria-label={t('claim')} data-testid="claim">
      <QrCode rows={claim.qr} label={t('claimQr')} />
      <div class="stack">
        <b>{t('claim')}</b>
        <code class="claim-code" data-testid="claim-code">
          {claim.code}
        </code>
        <p class="small">
          {device.label} · {device.id}
        </p>
        <p class="small soft">{t('claimMeans', dayAndTime(claim.expires_at))}</p>
        <div class="head no-print">
          <button type="button" data-testid="claim-print" onClick={() => print()}>
            {t('claimPrint')}
          </button>
        </div>
      </div>
    </section>
  )
}

/** Escape, or a phone's way back, does not close what is shown once. */
function useHeldOpen() {
  const within = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const dialog = within.current?.closest('dialog')
    const hold = (event: Event): void => event.preventDefault()
    dialog?.addEventListener('cancel', hold)
    return () => dialog?.removeEventListener('cancel', hold)
  }, [])
  return within
}

export function Added({ added, live, me, close }: { added: DeviceAdded; live: Live; me: Me; close: () => void }) {
  const [heard, setHeard] = useState(false)
  const within = useHeldOpen()
  return (
    <div class="stack" ref={within}>
      <Secret added={added} />
      <Connectivity deviceId={added.device.id} live={live} lines={added.lines} means={added.device.worn ? 'linesMeanWorn' : 'linesMean'} known={null} heard={() => setHeard(true)} />
      {heard && <Wear device={added.device} me={me} />}
      {added.claim && <Claim claim={added.claim} device={added.device} />}
      <div class="actions">
        <button class={heard ? 'primary' : ''} data-testid="added-close" onClick={close}>
          {heard ? t('done') : t('doneLater')}
        </button>
      </div>
    </div>
  )
}
