// Camera and microphone of this browser, and the names of what can stand in the way.

export type MediaTrouble = 'insecure' | 'unsupported' | 'wechat' | 'denied' | 'missing' | 'in_use' | 'failed'

class MediaRefused extends Error {
  constructor(readonly trouble: MediaTrouble) {
    super(trouble)
  }
}

/** Of what opening threw. */
export function troubleOf(error: unknown): MediaTrouble {
  return error instanceof MediaRefused ? error.trouble : 'failed'
}

const VIDEO: MediaTrackConstraints = { width: { ideal: 1280 }, height: { ideal: 720 }, facingMode: 'user' }
const AUDIO: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true }

/** Why this page cannot even ask for a camera, or null. */
export function cannotAsk(): MediaTrouble | null {
  // old and insecure pages lack it, whatever the types say
  if ((navigator as Partial<Navigator>).mediaDevices) return null
  if (/MicroMessenger/i.test(navigator.userAgent)) return 'wechat'
  return isSecureContext ? 'unsupported' : 'insecure'
}

export function nameTrouble(error: unknown): MediaTrouble {
  const name = error instanceof Error || error instanceof DOMException ? error.name : ''
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'denied'
  if (name === 'NotFoundError' || name === 'OverconstrainedError') return 'missing'
  if (name === 'NotReadableError' || name === 'AbortError') return 'in_use'
  return 'failed'
}

/** Both if possible, else the microphone, else the camera: a visit without a picture is better than none. */
export async function openMedia(): Promise<MediaStream> {
  const trouble = cannotAsk()
  if (trouble) throw new MediaRefused(trouble)
  let first: unknown = null
  for (const wish of [{ video: VIDEO, audio: AUDIO }, { audio: AUDIO }, { video: VIDEO }]) {
    try {
      return await navigator.mediaDevices.getUserMedia(wish)
    } catch (error) {
      first ??= error
      if (nameTrouble(error) === 'denied') break
    }
  }
  throw new MediaRefused(nameTrouble(first))
}

export function closeMedia(stream: MediaStream | null): void {
  for (const track of stream?.getTracks() ?? []) track.stop()
}
