// The face: remote picture, own picture, the state of the connection in words, and the three controls.
import { now } from '../shared/clock'
import type { Call, CallState } from '../shared/call/call'
import { cameraOff, muted, own, toggleCamera, toggleMute, trouble } from '../shared/call/own'
import { Video } from '../shared/call/Video'
import { minutesAndSeconds } from '../shared/age'
import type { Visit } from '../shared/wire'
import { call } from './room'
import { useShortcut } from './shortcuts'
import { t } from './words'

function Ringing({ visit }: { visit: Visit }) {
  const left = (new Date(visit.ring_until).getTime() - now.value) / 1000
  return (
    <div class="stage-text" role="status" data-testid="ringing">
      <h2>{t('ringing', visit.patient.name)}</h2>
      <p class="countdown num" aria-hidden="true">
        {minutesAndSeconds(left)}
      </p>
      <p>{t('ringingHint')}</p>
    </div>
  )
}

function connectionText(current: Call | null): string {
  const state: CallState = current?.state.value ?? 'joining'
  if (state === 'connected') return current?.receiving.value ? '' : t('call_nothing')
  if (state === 'taken_over') return t('call_taken_over')
  if (state === 'refused') return t('call_refused')
  if (!current?.peerHere.value) return t('call_patientAway')
  return state === 'reconnecting' ? t('call_reconnecting') : t('call_connecting')
}

function ConnectionPill({ current }: { current: Call }) {
  const good = current.quality.value === 'good'
  return (
    <span class="pill" data-testid="connection-state" data-state={current.state.value}>
      <span class={`bars ${current.quality.value}`} aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
      {current.state.value === 'connected' ? t(good ? 'quality_good' : current.quality.value === 'poor' ? 'quality_poor' : 'quality_lost') : t('call_connecting')}
      {current.state.value === 'connected' && ` · ${current.relayed.value ? t('relayed') : t('direct')}`}
    </span>
  )
}

function Telephone({ visit }: { visit: Visit }) {
  if (!visit.media_missing || !visit.telephone) return null
  return (
    <div class="telephone" role="alert" data-testid="telephone">
      <b>{t('mediaMissing')}</b>
      <a href={`tel:${visit.telephone}`} class="num">
        ☎ {visit.telephone}
      </a>
    </div>
  )
}

function Controls({ end }: { end: () => void }) {
  useShortcut('m', toggleMute)
  return (
    <div class="controls">
      <button data-testid="mute" aria-pressed={muted.value} onClick={toggleMute}>
        {muted.value ? t('unmute') : t('mute')} <kbd>M</kbd>
      </button>
      <button data-testid="camera" aria-pressed={cameraOff.value} onClick={toggleCamera}>
        {cameraOff.value ? t('cameraOn') : t('cameraOff')}
      </button>
      <button class="end" data-testid="end-visit" onClick={end}>
        {t('endVisit')}
      </button>
    </div>
  )
}

export function Stage({ visit, end }: { visit: Visit; end: () => void }) {
  const current = call.value
  const state = current?.state.value ?? 'joining'
  const text = visit.state === 'in_visit' ? connectionText(current) : ''
  return (
    <section class="stage" aria-label={t('face')}>
      <Video
        class="remote"
        testid="remote-video"
        label={t('remoteVideo', visit.patient.name)}
        stream={current?.remote.value ?? null}
        muted={false}
        painted={() => current?.framePainted()}
      />
      {visit.state === 'called' && <Ringing visit={visit} />}
      {text && (
        <div class="stage-text veil" role="status">
          <h2>{text}</h2>
          {state === 'taken_over' && <button onClick={() => current?.continueHere()}>{t('continueHere')}</button>}
        </div>
      )}
      <div class="caption">
        <span class="pill num">
          {visit.serial} · {visit.patient.name}
        </span>
        {current && visit.state === 'in_visit' && <ConnectionPill current={current} />}
      </div>
      <Telephone visit={visit} />
      {trouble.value && (
        <p class="own-trouble" role="status">
          {t(`media_${trouble.value}`)}
        </p>
      )}
      {own.value && <Video class="self" testid="self-video" label={t('selfVideo')} stream={own.value} muted />}
      <Controls end={end} />
    </section>
  )
}
