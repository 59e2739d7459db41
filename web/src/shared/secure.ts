// The way from plain http to https, where the camera works.
import type { Hospital } from './wire'

const SECURE_PORTS: Record<string, string> = { '': '', '8080': ':8443' } // the defaults of `bedside serve`

/** The page over https: at the address that the hospital tells, else on this host with the usual port. */
export function secureAddress(hospital: Hospital | null, place: Pick<Location, 'hostname' | 'port' | 'pathname' | 'search'>, fragment: string): string {
  const told = hospital?.public_url?.startsWith('https:') ? hospital.public_url.replace(/\/$/, '') : null
  const origin = told ?? `https://${place.hostname}${SECURE_PORTS[place.port] ?? ''}`
  return `${origin}${place.pathname}${place.search}${fragment}`
}
