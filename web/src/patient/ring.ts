// Rings: sound, vibration and a flashing title for as long as the doctor calls.
import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { audible } from '../shared/sound'

export const ringing = signal(false)
/** Moves while it rings, so that the title can flash. */
export const flash = signal(false)

const EVERY_MS = 2_000
const TONES = [784, 988, 784, 988]

let timer: ReturnType<typeof setInterval> | undefined

export function playRing(): void {
  const audio = audible()
  if (!audio) return
  TONES.forEach((hertz, place) => {
    const start = audio.currentTime + 0.05 + place * 0.22
    const oscillator = audio.createOscillator()
    const gain = audio.createGain()
    oscillator.frequency.value = hertz
    gain.gain.setValueAtTime(0, start)
    gain.gain.linearRampToValueAtTime(0.5, start + 0.02)
    gain.gain.linearRampToValueAtTime(0, start + 0.2)
    oscillator.connect(gain).connect(audio.destination)
    oscillator.start(start)
    oscillator.stop(start + 0.21)
  })
}

function once(): void {
  playRing()
  flash.value = !flash.value
  if (navigator.vibrate && navigator.userActivation?.hasBeenActive !== false) navigator.vibrate([400, 200, 400])
}

function startRinging(): void {
  if (ringing.value) return
  ringing.value = true
  once()
  timer = setInterval(once, EVERY_MS)
}

export function stopRinging(): void {
  ringing.value = false
  flash.value = false
  clearInterval(timer)
  if (navigator.vibrate && navigator.userActivation?.hasBeenActive !== false) navigator.vibrate(0)
}

/** Rings while `active`. */
export function useRing(active: boolean): void {
  useEffect(() => {
    if (!active) return undefined
    startRinging()
    return stopRinging
  }, [active])
}
