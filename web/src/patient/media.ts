// The patient's camera and microphone: tried in the waiting room, the same stream goes into the call.
import { signal } from '@preact/signals'
import { closeMedia, MediaRefused, openMedia, type MediaTrouble } from '../shared/call/media'

export const own = signal<MediaStream | null>(null)
export const trouble = signal<MediaTrouble | null>(null)
export const opening = signal(false)
export const muted = signal(false)
export const cameraOff = signal(false)

function alive(stream: MediaStream | null): boolean {
  return stream !== null && stream.getTracks().some((track) => track.readyState === 'live')
}

function apply(): void {
  for (const track of own.value?.getAudioTracks() ?? []) track.enabled = !muted.value
  for (const track of own.value?.getVideoTracks() ?? []) track.enabled = !cameraOff.value
}

let pending: Promise<MediaStream | null> | null = null

/** The open stream, or a new one; asked twice at once, the browser is asked only once. */
export function open(): Promise<MediaStream | null> {
  if (alive(own.value)) return Promise.resolve(own.value)
  pending ??= ask().finally(() => (pending = null))
  return pending
}

async function ask(): Promise<MediaStream | null> {
  opening.value = true
  trouble.value = null
  try {
    own.value = await openMedia()
    apply()
  } catch (error) {
    own.value = null
    trouble.value = error instanceof MediaRefused ? error.trouble : 'failed'
  } finally {
    opening.value = false
  }
  return own.value
}

export function close(): void {
  closeMedia(own.value)
  own.value = null
}

export function toggleMute(): void {
  muted.value = !muted.value
  apply()
}

export function toggleCamera(): void {
  cameraOff.value = !cameraOff.value
  apply()
}
