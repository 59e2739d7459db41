// Rings: sound, vibration and a flashing title for as long as the doctor calls; says when the browser blocks sound.
import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'

export const soundBlocked = signal(true)
export const ringing = signal(false)
/** Moves while it rings, so that the title can flash. */
export const flash = signal(false)

const EVERY_MS = 2_000
const TONES = [784, 988, 784, 988]

let context: AudioContext | null = null
let timer: ReturnType<typeof setInterval> | undefined

function ready(): AudioContext | null {
  if (!('AudioContext' in window)) return null
  if (!context) {
    context = new AudioContext()
    context.onstatechange = () => (soundBlocked.value = context?.state !== 'running')
  }
  soundBlocked.value = context.state !== 'running'
  return context
}

/** To be called from a tap. */
export function enableSound(): void {
  void ready()?.resume().then(() => void ready())
}

export function playRing(): void {
  const audio = ready()
  if (!audio || audio.state !== 'running') return
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

export function listenForTaps(): void {
  ready()
  addEventListener('pointerdown', enableSound)
}

/** Rings while `active`. */
export function useRing(active: boolean): void {
  useEffect(() => {
    if (!active) return undefined
    startRinging()
    return stopRinging
  }, [active])
}
