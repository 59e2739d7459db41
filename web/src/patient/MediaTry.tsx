// Camera and microphone are tried here: a picture, a meter that moves, and help in words where they are refused.
import { useEffect, useRef, useState } from 'preact/hooks'
import { Video } from '../shared/call/Video'
import { open, opening, own, trouble } from './media'
import { secureAddress } from '../shared/secure'
import { hospital, keptFragment } from './state'
import { t } from './words'

function permissionHelp(): 'help_safari' | 'help_firefox' | 'help_chrome' | 'help_other' {
  const agent = navigator.userAgent
  if (/Firefox|FxiOS/.test(agent)) return 'help_firefox'
  if (/Chrome|CriOS|Edg/.test(agent)) return 'help_chrome'
  return /Safari/.test(agent) ? 'help_safari' : 'help_other'
}

export function MediaTrouble() {
  const what = trouble.value
  if (!what) return null
  return (
    <div class="message" role="alert" data-testid="media-trouble" data-trouble={what}>
      <p>{t(`media_${what}`)}</p>
      {what === 'denied' && <p>{t(permissionHelp())}</p>}
      {what === 'insecure' && <a href={secureAddress(hospital.value, location, keptFragment())}>{t('openSecure')}</a>}
    </div>
  )
}

/** 0 … 1, how loud the microphone is, ten times a second. */
function useLoudness(stream: MediaStream): number {
  const [loudness, setLoudness] = useState(0)
  const context = useRef<AudioContext | null>(null)
  useEffect(() => {
    if (!('AudioContext' in window) || !stream.getAudioTracks().length) return undefined
    const audio = (context.current = new AudioContext())
    const analyser = audio.createAnalyser()
    analyser.fftSize = 512
    audio.createMediaStreamSource(stream).connect(analyser)
    const samples = new Uint8Array(analyser.fftSize)
    const timer = setInterval(() => {
      analyser.getByteTimeDomainData(samples)
      const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample - 128)), 0)
      setLoudness(Math.min(1, peak / 64))
    }, 100)
    return () => {
      clearInterval(timer)
      void audio.close()
    }
  }, [stream])
  return loudness
}

function Tried({ stream }: { stream: MediaStream }) {
  const loudness = useLoudness(stream)
  const hasCamera = stream.getVideoTracks().length > 0
  const hasMicrophone = stream.getAudioTracks().length > 0
  return (
    <>
      {hasCamera && <Video class="preview" testid="preview" label={t('yourPicture')} stream={stream} muted />}
      <div class="row">
        <span class={hasCamera ? 'mark' : 'mark warn'} aria-hidden="true">
          {hasCamera ? '✓' : '!'}
        </span>
        <div>
          {t('camera')}
          <small>{hasCamera ? t('cameraWorks') : t('cameraNone')}</small>
        </div>
      </div>
      <div class="row">
        <span class={hasMicrophone ? 'mark' : 'mark warn'} aria-hidden="true">
          {hasMicrophone ? '✓' : '!'}
        </span>
        <div>
          {t('microphone')}
          <small>{hasMicrophone ? t('microphoneSpeak') : t('microphoneNone')}</small>
          {hasMicrophone && <meter class="meter" data-testid="meter" min={0} max={1} value={loudness} aria-label={t('microphone')} />}
        </div>
      </div>
    </>
  )
}

export function MediaTry() {
  const stream = own.value
  return (
    <section class="card" aria-label={t('mediaTitle')}>
      <h2>{t('mediaTitle')}</h2>
      {stream ? <Tried stream={stream} /> : null}
      <MediaTrouble />
      {!stream && (
        <button class={trouble.value ? '' : 'second'} data-testid="media-try" disabled={opening.value} onClick={() => void open()}>
          {trouble.value ? t('tryAgain') : t('tryMedia')}
        </button>
      )}
    </section>
  )
}
