// One device opened: what it is, whether it is heard, who wears it, what was done with it, what can be done.
import { useEffect, useState } from 'preact/hooks'
import { get, toProblem, type Problem } from '../shared/api'
import type { Live } from '../shared/live/live'
import { dayAndTime } from '../shared/time'
import { Dialog } from '../shared/ui/Dialog'
import { Refusal } from '../shared/ui/Refusal'
import type { DeviceDetail, Me } from '../shared/wire'
import { Certificates } from './Certificates'
import { Connectivity } from './Connectivity'
import { Edit } from './Edit'
import { inService, kindText, offsetText, stepText } from './deviceWords'
import { StateTag } from './Row'
import { Steps } from './Steps'
import { Wear } from './Wear'
import { t } from './words'

function Fact({ name, value }: { name: string; value: string | null }) {
  if (!value) return null
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  )
}

function Facts({ detail: { device } }: { detail: DeviceDetail }) {
  return (
    <dl class="facts" data-testid="device-facts">
      <dt>{t('state')}</dt>
      <dd>
        <StateTag device={device} /> {device.replaced_by && t('replacedBy', device.replaced_by)}
      </dd>
      <Fact name={t('field_id')} value={device.id} />
      <Fact name={t('field_model')} value={kindText(device)} />
      <Fact name={t('batteryName')} value={device.battery && `${Math.round(device.battery.percent)} % · ${dayAndTime(device.battery.at)}`} />
      <Fact name={t('firmware')} value={device.firmware} />
      <Fact name={t('clock')} value={device.first_received_at && (offsetText(device.clock_offset_ms) ?? t('clockRight'))} />
      <Fact name={t('claim')} value={device.claimable_until && t('claimUntil', dayAndTime(device.claimable_until))} />
    </dl>
  )
}

function History({ detail }: { detail: DeviceDetail }) {
  if (!detail.history.length) return null
  return (
    <details>
      <summary>{t('history')}</summary>
      <ul class="history" data-testid="device-history">
        {detail.history.map((step) => (
          <li>
            <span>{stepText(step.action)}</span> <span class="soft">{step.by}</span> <time class="num soft">{dayAndTime(step.at)}</time>
          </li>
        ))}
      </ul>
    </details>
  )
}

export function DeviceDialog({ id, live, me, close }: { id: string; live: Live; me: Me; close: () => void }) {
  const [detail, setDetail] = useState<DeviceDetail | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  const load = (): void => void get<DeviceDetail>(`/devices/${encodeURIComponent(id)}`).then(setDetail, (error: unknown) => setProblem(toProblem(error)))
  useEffect(load, [id])
  const manages = me.role === 'operator' || me.role === 'admin'
  const speaks = detail !== null && inService(detail.device)
  return (
    <Dialog title={detail?.device.label ?? id} close={close} testid="device-dialog">
      {!detail && !problem && <p class="loading">{t('loading')}</p>}
      <Refusal problem={problem} />
      {detail && (
        <>
          <Facts detail={detail} />
          {detail.device.credential_pending && <p class="message">{t('pendingMeans')}</p>}
          {speaks && <Connectivity deviceId={id} live={live} lines={manages ? detail.connectivity.lines : null} means={detail.device.worn ? 'linesMeanWorn' : 'linesMeanSecret'} known={detail.connectivity} />}
          {(speaks || detail.device.worn) && <Wear key={`${detail.device.worn}`} device={detail.device} me={me} changed={load} />}
          {me.role === 'operator' && detail.connectivity.last_refusal && (
            <p>
              <a class="inline" href={`/quarantine?device=${encodeURIComponent(id)}`}>
                {t('toQuarantine')}
              </a>
            </p>
          )}
          {manages && speaks && <Certificates detail={detail} changed={load} />}
          {manages && <Edit device={detail.device} changed={load} />}
          {manages && <Steps device={detail.device} live={live} me={me} changed={load} />}
          <History detail={detail} />
        </>
      )}
      <div class="actions">
        <button data-testid="device-close" onClick={close}>
          {t('close')}
        </button>
      </div>
    </Dialog>
  )
}
