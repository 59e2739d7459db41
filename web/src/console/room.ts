// The console's side of the room: camera while a visit is open, one Call for it, both closed after.
import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { post } from '../shared/api'
import { Call } from '../shared/call/call'
import { closeMedia, MediaRefused, openMedia, type MediaTrouble } from '../shared/call/media'
import type { Live } from '../shared/live/live'

export const own = signal<MediaStream | null>(null)
export const trouble = signal<MediaTrouble | null>(null)
export const call = signal<Call | null>(null)
export const muted = signal(false)
export const cameraOff = signal(false)

function apply(): void {
  for (const track of own.value?.getAudioTracks() ?? []) track.enabled = !muted.value
  for (const track of own.value?.getVideoTracks() ?? []) track.enabled = !cameraOff.value
}

export function toggleMute(): void {
  muted.value = !muted.value
  apply()
}

export function toggleCamera(): void {
  cameraOff.value = !cameraOff.value
  apply()
}

/** Opens camera and microphone; without them the doctor still sees and hears the patient. */
async function openOwn(): Promise<void> {
  trouble.value = null
  try {
    own.value = await openMedia()
    apply()
  } catch (error) {
    trouble.value = error instanceof MediaRefused ? error.trouble : 'failed'
  }
}

function hangUp(): void {
  call.value?.stop()
  call.value = null
  closeMedia(own.value)
  own.value = null
}

/** In the room of this visit for as long as it is open. */
export function useRoom(live: Live, visitId: string | null): void {
  useEffect(() => {
    if (visitId === null) return undefined
    let left = false
    const seen = (): void => void post(`/visits/${visitId}/media`).catch(() => undefined)
    void openOwn().then(() => {
      if (left) return hangUp()
      call.value = new Call(live, visitId, own.value, seen)
    })
    return () => {
      left = true
      hangUp()
    }
  }, [live, visitId])
}
