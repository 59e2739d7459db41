// A QR code's rows of "1" and "0" as the path of an SVG: one rectangle a run of dark modules.

export const QUIET = 4 // modules that a reader needs around it (ISO/IEC 18004 §6.3.8)

export function qrPath(rows: readonly string[]): string {
  return rows.map((row, y) => [...row.matchAll(/1+/g)].map((run) => `M${run.index} ${y}h${run[0].length}v1h-${run[0].length}z`).join('')).join('')
}
