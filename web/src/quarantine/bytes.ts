// A stranger's bytes, shown so that nothing in them acts: as text with every unseen character made visible, and as hex. Pure.

export type Part = { readonly text: string; readonly hidden: boolean }

const ROW = 16
// Controls; zero-width and direction marks, which could make a reader see another order; surrogates; noncharacters.
const UNSEEN = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff0-\uffff]|[\u{e0000}-\u{e0fff}]|\p{Co}|\p{Cn}/gu

export function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0))
}

export function toBase64(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return btoa(text)
}

/** null where the bytes are no UTF-8: then only hex can be shown, and edited, without changing them. */
export function asText(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}

function named(char: string): string {
  return `U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
}

/** The text in pieces: what can be read, and the names of what cannot be seen. */
export function parts(text: string): Part[] {
  const found: Part[] = []
  let from = 0
  for (const hit of text.matchAll(UNSEEN)) {
    if (hit.index > from) found.push({ text: text.slice(from, hit.index), hidden: false })
    found.push({ text: named(hit[0]), hidden: true })
    from = hit.index + hit[0].length
  }
  return from < text.length ? [...found, { text: text.slice(from), hidden: false }] : found
}

const hexOf = (byte: number): string => byte.toString(16).padStart(2, '0')
const seen = (byte: number): string => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·')

/** "0010  7b 22 …  {"re…": offset, sixteen bytes, what of them is ASCII. */
export function hexLines(bytes: Uint8Array): string[] {
  const lines: string[] = []
  for (let at = 0; at < bytes.length; at += ROW) {
    const row = [...bytes.subarray(at, at + ROW)]
    lines.push(`${at.toString(16).padStart(4, '0')}  ${row.map(hexOf).join(' ').padEnd(3 * ROW - 1)}  ${row.map(seen).join('')}`)
  }
  return lines
}

/** Bytes from pairs of hex digits, whatever stands between them; null for anything else. */
export function fromHex(text: string): Uint8Array | null {
  const digits = text.replace(/\s/g, '')
  if (!/^(?:[0-9a-fA-F]{2})*$/.test(digits)) return null
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16))
}

export function toHex(bytes: Uint8Array): string {
  return [...bytes].map(hexOf).join(' ')
}
