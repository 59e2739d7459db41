// The device test, done in under a minute: what each part has shown so far; the result goes to the doctor.
import { computed, signal } from '@preact/signals'
import { post } from '../../shared/api'
import { enableSound } from '../../shared/sound'
import type { DeviceTest } from '../../shared/wire'
import { open } from '../media'
import { playRing } from '../ring'
import { measureNetwork, type Network } from './network'

const LONGEST_MS = 50_000 // who is still in doubt after this counts as "no"
const LISTEN_MS = 12_000

export type Shown = boolean | null // null: not known yet

export const began = signal(false)
export const camera = signal<Shown>(null)
export const microphone = signal<Shown>(null)
export const speaker = signal<Shown>(null)
export const network = signal<Network | 'none' | null>(null)
export const told = signal<'no' | 'yes' | 'failed'>('no')

export const finished = computed(() => began.value && ![camera.value, microphone.value, speaker.value, network.value].includes(null))

let timers: ReturnType<typeof setTimeout>[] = []

/** To be called from a tap: browsers want one for the camera and for sound. */
export function begin(): void {
  timers.forEach(clearTimeout)
  began.value = true
  told.value = 'no'
  camera.value = microphone.value = speaker.value = network.value = null
  enableSound()
  timers = [setTimeout(playRing, 1_500), setTimeout(giveUp, LONGEST_MS)]
  void Promise.all([lookAndListen(), measure()]).then(finish)
}

async function lookAndListen(): Promise<void> {
  const stream = await open()
  camera.value = Boolean(stream?.getVideoTracks().length)
  if (!stream?.getAudioTracks().length || !('AudioContext' in window)) microphone.value = false
  else timers.push(setTimeout(notHeard, LISTEN_MS))
}

function notHeard(): void {
  microphone.value ??= false
  finish()
}

async function measure(): Promise<void> {
  network.value = await measureNetwork().catch(() => 'none' as const)
}

/** The meter saw the microphone move; it may still do so after the time for listening. */
export function heard(): void {
  if (microphone.value) return
  microphone.value = true
  finish()
}

export function answerSpeaker(didHear: boolean): void {
  speaker.value = didHear
  finish()
}

function giveUp(): void {
  camera.value ??= false
  microphone.value ??= false
  speaker.value ??= false
  network.value ??= 'none'
  finish()
}

/** The tracks may have ended since: the page shows what was, the doctor sees what is. */
function finish(): void {
  if (finished.value) void tell()
}

/** Told again after every change, so that the last one stands. */
export async function tell(): Promise<void> {
  const { value } = network
  const figures = value === 'none' || value === null ? { rtt_ms: null, kbps: null, kbps_up: null } : value
  const shown = { camera: camera.value === true, microphone: microphone.value === true, speaker: speaker.value === true }
  const result: DeviceTest = { ...shown, ...figures }
  await post('/ticket/device-test', result).then(
    () => (told.value = 'yes'),
    () => (told.value = 'failed'),
  )
}
