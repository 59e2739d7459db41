// Plays alarm bursts with Web Audio until nobody needs to answer.
import { audible } from '../shared/sound'
import type { Priority } from '../shared/wire'
import { BURSTS, type Pulse } from './bursts'

const HARMONICS = [1, 0.6, 0.5, 0.4, 0.3] // at least four within 15 dB of the first: located and heard by old ears
const RISE_S = 0.015

let wave: PeriodicWave | null = null
let sounding: Priority | null = null
let timer: ReturnType<typeof setTimeout> | undefined

function playPulse(audio: AudioContext, pulse: Pulse, hertz: number): void {
  const start = audio.currentTime + 0.05 + pulse.startS
  const end = start + pulse.durationS
  const oscillator = audio.createOscillator()
  const gain = audio.createGain()
  wave ??= audio.createPeriodicWave(new Float32Array(HARMONICS.length + 1), new Float32Array([0, ...HARMONICS]))
  oscillator.setPeriodicWave(wave)
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
  const audio = audible()
  if (!audio) return
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
