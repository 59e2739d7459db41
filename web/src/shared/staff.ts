// Who is signed in on this browser, and the way to the sign-in page and back.
import { get, post, Problem } from './api'
import { suggestLanguage } from './language'
import { stopPush } from './push/push'
import { timeZone } from './time'
import type { Hospital, Me } from './wire'

export function toSignIn(): void {
  location.assign(`/sign-in?next=${encodeURIComponent(location.pathname)}`)
}

export async function loadHospital(): Promise<Hospital> {
  const hospital = await get<Hospital>('/hospital')
  timeZone.value = hospital.time_zone
  return hospital
}

/** The person signed in; goes to the sign-in page and never returns if there is nobody. */
export async function loadMe(): Promise<Me> {
  try {
    const me = await get<Me>('/me')
    suggestLanguage(me.locale)
    return me
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 401) throw error
    toSignIn()
    return new Promise<Me>(() => undefined)
  }
}

/** Whoever signs out is not told in this browser any more. */
export async function signOut(): Promise<void> {
  await stopPush().catch(() => undefined)
  await post('/sign-out').catch(() => undefined)
  location.assign('/sign-in')
}

/** The live connection was refused: signed out elsewhere, or worth another try? */
export async function stillSignedIn(): Promise<boolean> {
  try {
    await get<Me>('/me')
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 401) return true
    toSignIn()
    return false
  }
  return true
}
