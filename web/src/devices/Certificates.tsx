// The certificates that a device may show in place of its secret: which count, one more, the end of one.
import { useState } from 'preact/hooks'
import { post, remove } from '../shared/api'
import { dayAndTime } from '../shared/time'
import { Refusal } from '../shared/ui/Refusal'
import { useAct } from '../shared/ui/useAct'
import type { DeviceCertificate, DeviceDetail } from '../shared/wire'
import { t } from './words'

type Reason = 'malformed' | 'wrong_name' | 'expired' | 'too_many' | 'bound_before'
const MOST = 2 // server/monitoring/certificates.py

function shortOf({ fingerprint }: DeviceCertificate): string {
  return (fingerprint.slice(0, 16).match(/../g) ?? []).join(':').toUpperCase()
}

function One({ one, end }: { one: DeviceCertificate; end: () => void }) {
  const [sure, setSure] = useState(false)
  return (
    <li>
      <code title={one.fingerprint}>{shortOf(one)}…</code> <span class="soft num">{t('until', dayAndTime(one.expires_at))}</span>{' '}
      <button class={sure ? 'danger' : ''} data-testid={sure ? 'certificate-end-sure' : 'certificate-end'} onClick={() => (sure ? end() : setSure(true))}>
        {sure ? t('certificateEndSure') : t('certificateEnd')}
      </button>
    </li>
  )
}

export function Certificates({ detail: { device, certificates }, changed }: { detail: DeviceDetail; changed: () => void }) {
  const { busy, problem, run } = useAct()
  const reason = problem?.slug === 'certificate-refused' ? (problem.extras['reason'] as Reason) : null
  const path = `/devices/${encodeURIComponent(device.id)}/certificates`
  const bind = async (file: File | undefined): Promise<void> => {
    if (file && (await run(async () => void (await post(path, { pem: (await file.text()).slice(0, 16_384) }))))) changed()
  }
  const end = (fingerprint: string) => void run(() => remove(`${path}/${fingerprint}`)).then((ok) => ok && changed())
  return (
    <details data-testid="certificates">
      <summary>
        {t('certificates')} {certificates.length > 0 && <span class="tag">{certificates.length}</span>}
      </summary>
      <div class="stack">
        <p class="small soft">{t('certificatesMean', device.id)}</p>
        <ul class="losses">
          {certificates.map((one) => (
            <One key={one.fingerprint} one={one} end={() => end(one.fingerprint)} />
          ))}
        </ul>
        <Refusal problem={problem} />
        {reason && <p class="wrong">{t(`certificate_${reason}`)}</p>}
        {certificates.length < MOST && (
          <label class="field">
            <span>{t('certificateBind')}</span>
            <input type="file" accept=".pem,.crt,.cer" disabled={busy} data-testid="certificate-file" onChange={(event) => void bind(event.currentTarget.files?.[0])} />
          </label>
        )}
      </div>
    </details>
  )
}
