// How much a connection carries, as people read it. Pure.

/** 640 kbit/s, 3.2 Mbit/s; a dash where nothing was measured. */
export function rate(kbps: number | null): string {
  if (kbps === null) return '–'
  return kbps >= 1000 ? `${Math.round(kbps / 100) / 10} Mbit/s` : `${kbps} kbit/s`
}
