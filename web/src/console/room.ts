// The console's side of the room: camera while a visit is open, one Call for it, both closed after.
import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { post } from '../shared/api'
import { Call } from '../shared/call/call'
import { closeMedia, openMedia, troubleOf, type MediaTrouble } from '../shared/call/media'
import { closeOwn, take, trouble } from '../shared/call/own'
import type { Live } from '../shared/live/live'

export const call = signal<Call | null>(null)

/** Without camera and microphone the doctor still sees and hears the patient: null, and why is said. */
async function openOwn(): Promise<{ stream: MediaStream | null; why: MediaTrouble | null }> {
  try {
    return { stream: await openMedia(), why: null }
  } catch (error) {
    return { stream: null, why: troubleOf(error) }
  }
}

function enter(live: Live, visitId: string, stream: MediaStream | null): Call {
  const seen = (): void => void post(`/visits/${visitId}/media`).catch(() => undefined)
  take(stream)
  return (call.value = new Call(live, visitId, stream, seen))
}

function hangUp(mine: Call): void {
  mine.stop()
  closeOwn()
  call.value = null
}

/** In the room of this visit for as long as it is open. A camera that opens after it closes itself and nothing else:
 * the next visit may have begun. */
export function useRoom(live: Live, visitId: string | null): void {
  useEffect(() => {
    if (visitId === null) return undefined
    let left = false
    let mine: Call | null = null
    trouble.value = null
    void openOwn().then(({ stream, why }) => {
      if (left) return closeMedia(stream)
      trouble.value = why
      mine = enter(live, visitId, stream)
    })
    return () => {
      left = true
      if (mine) hangUp(mine)
    }
  }, [live, visitId])
}
