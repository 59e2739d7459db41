// A video element for a stream: plays by itself, says when the browser holds back its sound.
import { useEffect, useRef, useState } from 'preact/hooks'
import { t } from '../words'

interface Props {
  stream: MediaStream | null
  muted: boolean
  label: string
  testid: string
  class: string
  painted?: () => void
}

type WithFrames = HTMLVideoElement & { requestVideoFrameCallback?: (painted: () => void) => number }

export function Video({ stream, muted, label, testid, class: name, painted }: Props) {
  const element = useRef<HTMLVideoElement>(null)
  const [blocked, setBlocked] = useState(false)
  const play = (): void => {
    element.current?.play().then(() => setBlocked(false), (error: Error) => setBlocked(error.name === 'NotAllowedError'))
  }
  useEffect(() => {
    const video: WithFrames | null = element.current
    if (!video) return
    video.srcObject = stream
    if (!stream) return
    play()
    if (painted) video.requestVideoFrameCallback?.(painted)
  }, [stream])
  return (
    <>
      <video ref={element} class={name} data-testid={testid} aria-label={label} muted={muted} autoPlay playsInline />
      {blocked && (
        <button class="primary unblock" onClick={play}>
          {t('tapToHear')}
        </button>
      )}
    </>
  )
}
