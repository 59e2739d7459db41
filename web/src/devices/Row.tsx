// One device in the list: what it is, how it does, who wears it.
import { ageSeconds } from '../shared/age'
import { now } from '../shared/clock'
import type { Device } from '../shared/wire'
import { agoText } from '../shared/words'
import { CHIP, inService, kindText, offsetText } from './deviceWords'
import { t } from './words'

export function StateTag({ device }: { device: Device }) {
  return (
    <span class={CHIP[device.state]} data-testid="device-state">
      {t(`state_${device.state}`)}
    </span>
  )
}

/** Green while it is connected; a word beside it, since colour is never the only sign. */
export function Heard({ device }: { device: Device }) {
  const on = device.connection === 'connected'
  return (
    <span class="heard">
      {inService(device) && <i class={on ? 'dot on' : device.connection === 'refused' ? 'dot bad' : 'dot'} aria-hidden="true" />}
      {device.last_received_at ? t('heardAgo', agoText(ageSeconds(device.last_received_at, now.value))) : t('neverHeard')}
      {on && ` · ${t('connected')}`}
      {device.connection === 'refused' && ` · ${t('refused')}`}
    </span>
  )
}

export function Signs({ device }: { device: Device }) {
  const offset = offsetText(device.clock_offset_ms)
  return (
    <>
      {device.battery && <span class={device.battery.percent <= 20 ? 'tag warn' : 'tag'}>{t('battery', Math.round(device.battery.percent))}</span>}
      {offset && <span class="tag warn">{offset}</span>}
      {device.credential_pending && <span class="tag warn">{t('pending')}</span>}
    </>
  )
}

export function wearerText(device: Device): string {
  return device.patient?.name ?? (device.worn ? t('wornBySomebody') : t('free'))
}

export function Row({ device, open }: { device: Device; open: () => void }) {
  return (
    <li data-testid="device-row" data-device={device.id} data-state={device.state}>
      <button class="device-row" data-testid="device-open" onClick={open}>
        <span class="device-name">
          <b>{device.label}</b>
          <small>
            {device.id}
            {kindText(device) && ` · ${kindText(device)}`}
          </small>
        </span>
        <span class="device-signs">
          <StateTag device={device} /> <Signs device={device} />
        </span>
        <Heard device={device} />
        <span class={device.worn ? 'device-wearer' : 'device-wearer soft'}>{inService(device) || device.worn ? wearerText(device) : ''}</span>
      </button>
    </li>
  )
}
