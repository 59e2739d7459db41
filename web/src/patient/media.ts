// The patient's camera and microphone: tried in the waiting room, the same stream goes into the call.
import { signal } from '@preact/signals'
import { openMedia, troubleOf } from '../shared/call/media'
import { own, take, trouble } from '../shared/call/own'

export const opening = signal(false)

function alive(stream: MediaStream | null): boolean {
  return stream !== null && stream.getTracks().some((track) => track.readyState === 'live')
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
    take(await openMedia())
  } catch (error) {
    own.value = null
    trouble.value = troubleOf(error)
  } finally {
    opening.value = false
  }
  return own.value
}
