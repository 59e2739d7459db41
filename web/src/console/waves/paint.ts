// A waveform on a canvas: paper lines each 5 mm, and the trace over them. Knows pixels, not where they come from.
import { PX_PER_MM, type Point, type Scale } from './blocks'

const BOX_MM = 5 // 0.2 s across, 0.5 mV up at 10 mm/mV

export interface Paper {
  readonly ctx: CanvasRenderingContext2D
  readonly width: number
  readonly height: number
}

export function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim()
}

/** As sharp as the screen is; null where there is no canvas to draw on. */
export function paper(canvas: HTMLCanvasElement): Paper | null {
  const ctx = canvas.getContext('2d')
  if (!ctx) return null
  const { clientWidth: width, clientHeight: height } = canvas
  const sharp = window.devicePixelRatio || 1
  if (canvas.width !== Math.round(width * sharp)) canvas.width = Math.round(width * sharp)
  if (canvas.height !== Math.round(height * sharp)) canvas.height = Math.round(height * sharp)
  ctx.setTransform(sharp, 0, 0, sharp, 0, 0)
  ctx.clearRect(0, 0, width, height)
  return { ctx, width, height }
}

export function drawGrid({ ctx, width, height }: Paper): void {
  ctx.strokeStyle = token('--line')
  ctx.lineWidth = 1
  ctx.beginPath()
  for (let x = 0.5; x < width; x += BOX_MM * PX_PER_MM) ctx.rect(x, 0, 0, height)
  for (let y = height / 2; y < height; y += BOX_MM * PX_PER_MM) ctx.rect(0, y, width, 0)
  for (let y = height / 2; y > 0; y -= BOX_MM * PX_PER_MM) ctx.rect(0, y, width, 0)
  ctx.stroke()
}

/** `x` tells where a moment stands; a line that jumps back begins anew. */
export function drawLines({ ctx, height }: Paper, lines: readonly Point[][], scale: Scale, look: { colour: string; x: (us: number) => number }): void {
  ctx.strokeStyle = look.colour
  ctx.lineWidth = 1.6
  ctx.lineJoin = 'round'
  ctx.beginPath()
  for (const line of lines) {
    let before = Infinity
    for (const { us, height: value } of line) {
      const x = look.x(us)
      const y = height / 2 - (value - scale.middle) * scale.pxPer
      if (x < before) ctx.moveTo(x, y)
      else ctx.lineTo(x, y)
      before = x
    }
  }
  ctx.stroke()
}
