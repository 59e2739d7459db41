// The sound of a page: browsers give it only after a click or a tap, and until then the page must say so.
import { signal } from '@preact/signals'

export const soundBlocked = signal(true)

let context: AudioContext | null = null

function opened(): AudioContext | null {
  if (!('AudioContext' in window)) return null
  if (!context) {
    context = new AudioContext()
    context.onstatechange = () => (soundBlocked.value = context?.state !== 'running')
  }
  soundBlocked.value = context.state !== 'running'
  return context
}

/** What to play on; null where nothing can be heard now. */
export function audible(): AudioContext | null {
  const audio = opened()
  return audio?.state === 'running' ? audio : null
}

/** To be called from a click, a tap or a key. */
export function enableSound(): void {
  void opened()?.resume().then(() => void opened())
}

/** Any of these on the page gives sound back, as soon as the page is open. */
export function enableSoundBy(...events: ('pointerdown' | 'keydown')[]): void {
  opened()
  for (const event of events) addEventListener(event, enableSound)
}
