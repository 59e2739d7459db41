// Face to face: the doctor large, oneself small, three controls. A refresh comes back in here.
import { signal } from '@preact/signals'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { post } from '../shared/api'
import { Call } from '../shared/call/call'
import { cameraOff, closeOwn, muted, own, toggleCamera, toggleMute } from '../shared/call/own'
import { Video } from '../shared/call/Video'
import type { MyTicket } from '../shared/wire'
import { useAwake } from './awake'
import { open } from './media'
import { MediaTrouble } from './test/MediaTrouble'
import { live, visitHere } from './state'
import { t } from './words'

const call = signal<Call | null>(null)

function useCall(visitId: string): void {
  useEffect(() => {
    let left = false
    const seen = (): void => void post('/ticket/media').catch(() => undefined)
    void open().then((stream) => {
      if (left || !live.value) return
      call.value = new Call(live.value, visitId, stream, seen)
    })
    return () => {
      left = true
      call.value?.stop()
      call.value = null
      closeOwn()
    }
  }, [visitId])
}

function stateText(current: Call | null): string {
  const state = current?.state.value ?? 'joining'
  if (state === 'connected') return current?.quality.value === 'poor' ? t('poor') : ''
  if (state === 'taken_over') return t('takenOver')
  if (state === 'refused') return t('refused')
  if (state === 'alone' || (state === 'reconnecting' && !current?.peerHere.value)) return t('waitForDoctor')
  return state === 'reconnecting' ? t('reconnecting') : t('connecting')
}

function LeaveQuestion({ stay, leave }: { stay: () => void; leave: () => void }) {
  return (
    <div class="leave-question" role="alertdialog" aria-label={t('leaveQuestion')}>
      <h2>{t('leaveQuestion')}</h2>
      <button class="primary" data-testid="leave-no" onClick={stay}>
        {t('leaveNo')}
      </button>
      <button data-testid="leave-yes" onClick={leave}>
        {t('leaveYes')}
      </button>
    </div>
  )
}

function Face({ mine, visitId, leave }: { mine: MyTicket; visitId: string; leave: () => void }) {
  const [asking, setAsking] = useState(false)
  useAwake()
  useCall(visitId)
  const current = call.value
  const text = stateText(current)
  const painted = useMemo(() => () => call.value?.framePainted(), [])
  return (
    <section class="call" aria-label={t('doctor', mine.doctor.name)} data-testid="call">
      <h1 class="visually-hidden">{t('doctor', mine.doctor.name)}</h1>
      <Video class="remote" testid="remote-video" label={t('doctorPicture', mine.doctor.name)} stream={current?.remote.value ?? null} muted={false} painted={painted} />
      <p class="call-name">{t('doctor', mine.doctor.name)}</p>
      <p class="call-state" role="status" data-testid="call-state" data-state={current?.state.value ?? 'joining'} hidden={!text}>
        {text}
        {current?.state.value === 'taken_over' && (
          <button class="primary" data-testid="continue-here" onClick={() => current.continueHere()}>
            {t('continueHere')}
          </button>
        )}
      </p>
      {own.value && <Video class="self" testid="self-video" label={t('yourPicture')} stream={own.value} muted />}
      <MediaTrouble />
      {asking && <LeaveQuestion stay={() => setAsking(false)} leave={leave} />}
      <div class="controls">
        <button data-testid="mute" aria-pressed={muted.value} onClick={toggleMute}>
          {muted.value ? t('unmute') : t('mute')}
        </button>
        <button data-testid="camera" aria-pressed={cameraOff.value} onClick={toggleCamera}>
          {cameraOff.value ? t('cameraOn') : t('cameraOff')}
        </button>
        <button class="end" data-testid="leave" onClick={() => setAsking(true)}>
          {t('leave')}
        </button>
      </div>
    </section>
  )
}

export function CallPage({ mine, visitId }: { mine: MyTicket; visitId: string }) {
  const [left, setLeft] = useState(false)
  const leave = (): void => {
    visitHere.value = null
    setLeft(true)
  }
  if (visitHere.value === visitId) return <Face mine={mine} visitId={visitId} leave={leave} />
  return (
    <section class="card centre" data-testid="left">
      <h1>{left ? t('left') : t('takenOver')}</h1>
      {left && <p>{t('leftHint')}</p>}
      <button class="primary" data-testid="come-back" onClick={() => (visitHere.value = visitId)}>
        {left ? t('comeBack') : t('continueHere')}
      </button>
    </section>
  )
}
