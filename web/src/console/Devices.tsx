// Which device this patient wears, and by which limits it is watched.
import { useEffect, useState } from 'preact/hooks'
import { get, post, remove, toProblem, type Problem } from '../shared/api'
import { now } from '../shared/clock'
import { ageSeconds } from '../shared/age'
import type { Device, DevicePage, Monitoring } from '../shared/wire'
import { agoText, problemText } from '../shared/words'
import { profileText } from './alarmWords'
import { t } from './words'

const PROFILES = ['adult-continuous', ''] as const // '' – no limits

interface Props {
  patientId: string
  monitoring: Monitoring | undefined
}

function Worn({ patientId, monitoring }: { patientId: string; monitoring: Monitoring }) {
  const [problem, setProblem] = useState<Problem | null>(null)
  const end = (deviceId: string): void => {
    remove(`/patients/${patientId}/devices/${deviceId}`).catch((error: unknown) => setProblem(toProblem(error)))
  }
  return (
    <ul class="worn">
      {monitoring.devices.map((device) => (
        <li data-testid="worn-device" data-device={device.id}>
          <span>
            <b>{device.label}</b>
            <small>
              {profileText(device.profile)} · {device.last_received_at ? t('heardAgo', agoText(ageSeconds(device.last_received_at, now.value))) : t('neverHeard')}
            </small>
          </span>
          <button class="small" data-testid="associate-end" aria-label={t('takeOffDevice', device.label)} onClick={() => end(device.id)}>
            {t('takeOff')}
          </button>
        </li>
      ))}
      {problem && <li class="wrong">{problemText(problem)}</li>}
    </ul>
  )
}

function Associate({ patientId, devices, done }: { patientId: string; devices: readonly Device[]; done: () => void }) {
  const [problem, setProblem] = useState<Problem | null>(null)
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault()
    const form = new FormData(event.currentTarget as HTMLFormElement)
    setProblem(null)
    try {
      await post(`/patients/${patientId}/devices`, { device_id: String(form.get('device')), profile: String(form.get('profile')) || null })
      done()
    } catch (error) {
      setProblem(toProblem(error))
    }
  }
  if (!devices.length) return <p class="soft">{t('noFreeDevice')}</p>
  return (
    <form class="associate" onSubmit={(event) => void submit(event)}>
      <select name="device" aria-label={t('device')} data-testid="associate-device">
        {devices.map((device) => (
          <option value={device.id}>{device.label === device.id ? device.id : `${device.label} (${device.id})`}</option>
        ))}
      </select>
      <select name="profile" aria-label={t('profile')} data-testid="associate-profile">
        {PROFILES.map((profile) => (
          <option value={profile}>{profileText(profile || null)}</option>
        ))}
      </select>
      <button data-testid="associate-submit">{t('putOn')}</button>
      {problem && (
        <p class="wrong" role="alert">
          {problemText(problem)}
        </p>
      )}
    </form>
  )
}

export function Devices({ patientId, monitoring }: Props) {
  const [devices, setDevices] = useState<readonly Device[] | null>(null)
  const worn = (monitoring?.devices ?? []).map((device) => device.id).join(',')
  const load = (): void => void get<DevicePage>('/devices?worn=false&limit=200').then(({ devices: free }) => setDevices(free), () => setDevices([]))
  useEffect(load, [patientId, worn])
  const free = (devices ?? []).filter(({ state, worn: taken }) => !taken && (state === 'new' || state === 'active'))
  return (
    <section class="devices" aria-label={t('devices')}>
      <h3>{t('devices')}</h3>
      {monitoring && <Worn patientId={patientId} monitoring={monitoring} />}
      {devices === null ? <p class="soft">{t('loading')}</p> : <Associate patientId={patientId} devices={free} done={load} />}
    </section>
  )
}
