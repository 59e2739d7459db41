// Web push of this browser: whether it can, whether it may, and telling the server where. Asked for by a tap alone.
import { get, post } from '../api'
import { toBytes } from '../base64url'

const WORKER = '/push-worker.js'
const OWNER = 'bedside.push' // who asked last in this browser: the server sends to nobody else here

/** `absent`: this hospital sends none. `unreachable`: the browser's own push service did not answer. */
export type PushState = 'absent' | 'unsupported' | 'refused' | 'off' | 'on' | 'unreachable'

function supported(): boolean {
  return isSecureContext && 'serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window
}

function owner(): string | null {
  try {
    return localStorage.getItem(OWNER)
  } catch {
    return null
  }
}

function remember(who: string | null): void {
  try {
    if (who === null) localStorage.removeItem(OWNER)
    else localStorage.setItem(OWNER, who)
  } catch {
    return
  }
}

async function current(): Promise<PushSubscription | null> {
  const worker = await navigator.serviceWorker.getRegistration('/')
  return (await worker?.pushManager.getSubscription()) ?? null
}

async function serverKey(): Promise<string> {
  return (await get<{ key: string }>('/push/key')).key
}

/** Asks nobody for anything. */
export async function pushState(who: string): Promise<PushState> {
  if (!(await serverKey())) return 'absent'
  if (!supported()) return 'unsupported'
  if (Notification.permission === 'denied') return 'refused'
  return owner() === who && (await current()) ? 'on' : 'off'
}

async function subscribe(key: string): Promise<PushSubscription> {
  const worker = await navigator.serviceWorker.register(WORKER)
  await navigator.serviceWorker.ready
  const options = { userVisibleOnly: true, applicationServerKey: toBytes(key) }
  try {
    return await worker.pushManager.subscribe(options)
  } catch (error) {
    if (!(error instanceof DOMException) || error.name !== 'InvalidStateError') throw error
    await (await worker.pushManager.getSubscription())?.unsubscribe() // made under a key that is no more
    return worker.pushManager.subscribe(options)
  }
}

/** From a tap. Throws the server's Problem. */
export async function startPush(path: string, who: string): Promise<PushState> {
  const key = await serverKey()
  if (!key) return 'absent'
  await Notification.requestPermission()
  if (Notification.permission !== 'granted') return Notification.permission === 'denied' ? 'refused' : 'off'
  const made = await subscribe(key).catch(() => null)
  if (!made) return 'unreachable'
  const { endpoint, keys } = made.toJSON()
  await post(path, { endpoint, keys: { p256dh: keys?.['p256dh'], auth: keys?.['auth'] } })
  remember(who)
  return 'on'
}

/** The push service answers "gone" from now on, and the server forgets this browser. */
export async function stopPush(): Promise<PushState> {
  if (supported()) await (await current())?.unsubscribe()
  remember(null)
  return 'off'
}
