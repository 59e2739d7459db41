// Plays alarm bursts with Web Audio until nobody needs to answer; says when the browser blocks sound.
import { signal } from '@preact/signals'
import type { Priority } from '../shared/wire'
import { BURSTS, type Pulse } from './bursts'

const HARMONICS = [1, 0.6, 0.5, 0.4, 0.3] // at least four within 15 dB of the first: located and heard by old ears
const RISE_S = 0.015

/** Browsers give sound only after a click; until then the page must say so. */
export const soundBlocked = signal(true)

let context: AudioContext | null = null
let wave: PeriodicWave | null = null
let sounding: Priority | null = null
let timer: ReturnType<typeof setTimeout> | undefined

function ready(): AudioContext | null {
  if (!('AudioContext' in window)) return null
  if (!context) {
    context = new AudioContext()
    context.onstatechange = () => (soundBlocked.value = context?.state !== 'running')
    wave = context.createPeriodicWave(new Float32Array(HARMONICS.length + 1), new Float32Array([0, ...HARMONICS]))
  }
  soundBlocked.value = context.state !== 'running'
  return context
}

/** To be called from a click or key. */
export function enableSound(): void {
  void ready()?.resume()
}

function playPulse(audio: AudioContext, pulse: Pulse, hertz: number): void {
  const start = audio.currentTime + 0.05 + pulse.startS
  const end = start + pulse.durationS
  const oscillator = audio.createOscillator()
  const gain = audio.createGain()
  if (wave) oscillator.setPeriodicWave(wave)
  oscillator.frequency.value = hertz
  gain.gain.setValueAtTime(0, start)
  gain.gain.linearRampToValueAtTime(0.4, start + RISE_S)
  gain.gain.setValueAtTime(0.4, end - RISE_S)
  gain.gain.linearRampToValueAtTime(0, end)
  oscillator.connect(gain).connect(audio.destination)
  oscillator.start(start)
  oscillator.stop(end)
}

export function playBurst(priority: Priority): void {
  const audio = ready()
  if (!audio || audio.state !== 'running') return
  const burst = BURSTS[priority]
  for (const pulse of burst.pulses) playPulse(audio, pulse, burst.fundamentalHz)
}

function repeat(): void {
  if (!sounding) return
  playBurst(sounding)
  timer = setTimeout(repeat, BURSTS[sounding].everyS * 1000)
}

/** Sound this priority from now on, or nothing. The same priority again changes nothing. */
export function sound(priority: Priority | null): void {
  if (priority === sounding) return
  sounding = priority
  clearTimeout(timer)
  repeat()
}

/** Any click on the page gives sound back, as soon as the page is open. */
export function listenForClicks(): void {
  ready()
  addEventListener('pointerdown', enableSound)
  addEventListener('keydown', enableSound)
}
