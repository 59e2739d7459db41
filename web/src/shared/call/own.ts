// One's own camera and microphone on this page: what is muted or dark stays so, whichever stream comes.
import { signal } from '@preact/signals'
import { closeMedia, type MediaTrouble } from './media'

export const own = signal<MediaStream | null>(null)
export const trouble = signal<MediaTrouble | null>(null)
export const muted = signal(false)
export const cameraOff = signal(false)

function apply(): void {
  for (const track of own.value?.getAudioTracks() ?? []) track.enabled = !muted.value
  for (const track of own.value?.getVideoTracks() ?? []) track.enabled = !cameraOff.value
}

export function take(stream: MediaStream | null): void {
  own.value = stream
  apply()
}

export function closeOwn(): void {
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
