// The device test as the patient sees it: a picture, a meter that moves, a tone, the connection – four rows, one result.
import type { ComponentChildren } from 'preact'
import { own, trouble } from '../../shared/call/own'
import { Video } from '../../shared/call/Video'
import { rate } from '../../shared/rate'
import { opening } from '../media'
import { playRing } from '../ring'
import { t } from '../words'
import { answerSpeaker, began, begin, camera, finished, heard, microphone, network, speaker, tell, told, type Shown } from './deviceTest'
import { useLoudness } from './loudness'
import { MediaTrouble } from './MediaTrouble'
import { judge } from './network'

const MARKS = { ok: '✓', warn: '!', wait: '…' } as const
type Mark = keyof typeof MARKS

function markOf(shown: Shown): Mark {
  if (shown === null) return 'wait'
  return shown ? 'ok' : 'warn'
}

interface PartProps {
  name: string
  mark: Mark
  title: string
  hint: string
  children?: ComponentChildren
}

function Part({ name, mark, title, hint, children }: PartProps) {
  return (
    <li class="row" data-testid={`test-${name}`} data-mark={mark}>
      <span class={`mark ${mark}`} aria-hidden="true">
        {MARKS[mark]}
      </span>
      <div>
        {title}
        <small role="status">{hint}</small>
        {children}
      </div>
    </li>
  )
}

function Meter({ stream }: { stream: MediaStream }) {
  const loudness = useLoudness(stream, heard)
  return <meter class="meter" data-testid="meter" min={0} max={1} value={loudness} aria-label={t('microphone')} />
}

function Microphone() {
  const stream = own.value
  const present = Boolean(stream?.getAudioTracks().length)
  const hints = { wait: present ? t('microphoneSpeak') : t('testing'), ok: t('microphoneWorks'), warn: present ? t('microphoneSilent') : t('microphoneNone') }
  const mark = markOf(microphone.value)
  return (
    <Part name="microphone" mark={mark} title={t('microphone')} hint={hints[mark]}>
      {stream && present && <Meter stream={stream} />}
    </Part>
  )
}

function Speaker() {
  const mark = markOf(speaker.value)
  const hints = { wait: t('speakerAsk'), ok: t('speakerWorks'), warn: t('speakerNone') }
  return (
    <Part name="speaker" mark={mark} title={t('speaker')} hint={hints[mark]}>
      {mark !== 'ok' && (
        <p class="answers">
          <button class="second" data-testid="speaker-yes" onClick={() => answerSpeaker(true)}>
            {t('speakerYes')}
          </button>
          <button data-testid="speaker-again" onClick={playRing}>
            {t('speakerAgain')}
          </button>
          {mark === 'wait' && (
            <button data-testid="speaker-no" onClick={() => answerSpeaker(false)}>
              {t('speakerNo')}
            </button>
          )}
        </p>
      )}
    </Part>
  )
}

function Connection() {
  const found = network.value
  if (found === null) return <Part name="network" mark="wait" title={t('connection')} hint={t('testing')} />
  if (found === 'none') return <Part name="network" mark="warn" title={t('connection')} hint={t('connectionNone')} />
  const link = judge(found)
  const figures = t('connectionFigures', rate(found.kbps), rate(found.kbps_up), found.rtt_ms)
  return <Part name="network" mark={link === 'good' ? 'ok' : 'warn'} title={t('connection')} hint={`${t(`connection_${link}`)} (${figures})`} />
}

function Result() {
  if (!finished.value) return null
  if (told.value === 'failed') {
    return (
      <p class="message" role="alert">
        {t('testNotTold')} <button onClick={() => void tell()}>{t('retry')}</button>
      </p>
    )
  }
  const good = camera.value && microphone.value && speaker.value
  return (
    <p class={good ? 'message ok' : 'message'} role="status" data-testid="test-result" data-told={told.value}>
      {good ? t('testGood') : t('testPoor')}
    </p>
  )
}

function Parts() {
  const stream = own.value
  const hints = { wait: t('testing'), ok: t('cameraWorks'), warn: t('cameraNone') }
  const mark = markOf(camera.value)
  return (
    <>
      {stream && camera.value && <Video class="preview" testid="preview" label={t('yourPicture')} stream={stream} muted />}
      <ul class="parts">
        <Part name="camera" mark={mark} title={t('camera')} hint={hints[mark]} />
        <Microphone />
        <Speaker />
        <Connection />
      </ul>
    </>
  )
}

export function DeviceTest() {
  return (
    <section class="card" aria-label={t('mediaTitle')} data-testid="device-test">
      <h2>{t('mediaTitle')}</h2>
      {began.value ? <Parts /> : <p class="soft">{t('mediaHint')}</p>}
      <MediaTrouble />
      <Result />
      {(!began.value || finished.value || trouble.value) && (
        <button class={began.value ? '' : 'second'} data-testid="media-try" disabled={opening.value} onClick={begin}>
          {began.value ? t('tryAgain') : t('tryMedia')}
        </button>
      )}
    </section>
  )
}
