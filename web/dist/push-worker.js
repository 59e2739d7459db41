// Shows what the hospital pushes and opens the page that it is about. Keeps nothing, caches nothing, sees no request.
const PAGES = ['/join', '/console', '/book']

self.addEventListener('install', () => self.skipWaiting())
self.addEventListener('push', (event) => event.waitUntil(show(told(event.data))))
self.addEventListener('notificationclick', (event) => {
  event.notification.close()
  event.waitUntil(open(event.notification.data))
})

/** A push service may deliver an empty message; something must be shown even then. */
function told(data) {
  try {
    return { ...data.json() }
  } catch {
    return {}
  }
}

async function show({ id, title, text, url }) {
  const data = place(url)
  const shown = { body: withoutLink(text), tag: id, data, requireInteraction: true }
  await self.registration.showNotification(title || 'Bedside', shown)
  if (id) await confirm(id)
}

/** The link opens by a tap; read out or photographed on a locked screen it helps the wrong people. */
function withoutLink(text) {
  return String(text ?? '')
    .replace(/https?:\/\/\S+/g, '')
    .trim()
    .replace(/\s*[:：]$/, '')
}

/** On this very site and one of its pages, or nothing: `/join#…`. */
function place(url) {
  try {
    const { pathname, hash } = new URL(url)
    return PAGES.includes(pathname) ? pathname + hash : null
  } catch {
    return null
  }
}

/** Shown: that is all a push ever confirms. Where it cannot be said, the next message goes by SMS. */
function confirm(id) {
  const headers = { 'content-type': 'application/json' }
  const request = { method: 'POST', headers, credentials: 'omit', body: JSON.stringify({ id }) }
  return fetch('/api/v1/push/received', request).catch(() => undefined)
}

/** A page that is open already comes to the front and is told where to: it may be somebody else's of the family. */
async function open(where) {
  const windows = await self.clients.matchAll({ type: 'window', includeUncontrolled: true })
  if (!where) return windows[0]?.focus()
  const there = windows.find((each) => new URL(each.url).pathname === new URL(where, self.location.origin).pathname)
  if (!there) return self.clients.openWindow(where)
  await there.focus()
  return there.postMessage({ opened: where })
}
