// A chart of what is long ago: a bar from the lowest to the highest, the mean as a line, alarms as marks.
import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import type { AlarmMark, History } from '../../shared/wire'
import { shown } from '../metrics'
import { GAP_MS } from '../series'
import { columns, gapMs, type Bounds, type Columns, type Span } from './spans'
import { tickText } from './times'

interface Props {
  history: History
  span: Span
  bounds: Bounds
  label: string
  point: (ms: number | null) => void
  nearer: (ms: number) => void
}

const COLOURS = { high: '--high', medium: '--medium', low: '--low' } as const

function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim()
}

/** The bars reach from the lowest to the highest; a point wide, and never invisible. */
function drawBars(plot: uPlot, widthS: number, colour: string): void {
  const { ctx, data } = plot
  const [seconds, low, high] = data as unknown as Columns
  const wide = Math.max(plot.valToPos(widthS, 'x', true) - plot.valToPos(0, 'x', true), 2)
  ctx.save()
  ctx.globalAlpha = 0.28
  ctx.fillStyle = colour
  for (let i = 0; i < seconds.length; i += 1) {
    const top = high[i]
    const bottom = low[i]
    if (top == null || bottom == null) continue
    const y = plot.valToPos(top, 'y', true)
    ctx.fillRect(plot.valToPos(seconds[i] as number, 'x', true), y, wide, Math.max(plot.valToPos(bottom, 'y', true) - y, 1))
  }
  ctx.restore()
}

function drawMark(plot: uPlot, alarm: AlarmMark): void {
  const { ctx, bbox } = plot
  const x = plot.valToPos(new Date(alarm.raised_at).getTime() / 1000, 'x', true)
  const size = 6 * devicePixelRatio
  ctx.save()
  ctx.strokeStyle = ctx.fillStyle = token(COLOURS[alarm.priority])
  ctx.lineWidth = devicePixelRatio
  ctx.beginPath()
  ctx.moveTo(x, bbox.top)
  ctx.lineTo(x, bbox.top + bbox.height)
  ctx.stroke()
  ctx.beginPath()
  ctx.moveTo(x - size, bbox.top)
  ctx.lineTo(x + size, bbox.top)
  ctx.lineTo(x, bbox.top + 1.5 * size)
  ctx.fill()
  ctx.restore()
}

/** The usual range of the metric, widened to what was measured. */
function range([low, high]: readonly [number, number], history: History): [number, number] {
  const lowest = Math.min(...history.points.map((point) => point[1]))
  const highest = Math.max(...history.points.map((point) => point[2]))
  const room = Math.max((highest - lowest) * 0.08, 0.5)
  return low === 0 && high === 1 ? [lowest - room, highest + room] : [Math.min(low, lowest), Math.max(high, highest)]
}

function options(place: HTMLElement, { history, span, bounds, point }: Props): uPlot.Options {
  const look = shown(history.metric)
  const colour = token(look.colour)
  const grid = { stroke: token('--line'), width: 1 }
  const axis = { stroke: token('--ink-2'), font: '11px system-ui, sans-serif', grid, ticks: { show: false } }
  return {
    width: place.clientWidth || 300,
    height: place.clientHeight || 240,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    scales: {
      x: { time: true, range: [bounds.from / 1000, bounds.until / 1000] },
      y: { range: range(look.range, history) },
    },
    axes: [
      { ...axis, space: 70, size: 24, values: (_, splits) => splits.map((seconds) => tickText(seconds * 1000, span)) },
      { ...axis, size: 38, space: 30 },
    ],
    series: [
      {},
      { show: false },
      { show: false },
      { stroke: colour, width: 1.6, points: { show: history.points.length < 120, size: 4, fill: colour } },
    ],
    hooks: {
      drawAxes: [(plot) => drawBars(plot, history.width_s, colour)],
      draw: [(plot) => history.alarms.forEach((alarm) => drawMark(plot, alarm))],
      setCursor: [(plot) => point(plot.cursor.idx == null ? null : (plot.data[0][plot.cursor.idx] as number) * 1000)],
    },
  }
}

export function HistoryChart(props: Props) {
  const place = useRef<HTMLDivElement>(null)
  const { history } = props
  useEffect(() => {
    const element = place.current
    if (!element) return undefined
    const liveS = shown(history.metric).liveS ?? 3600 // cuffs and thermometers measure now and then
    const pause = liveS > 60 ? liveS * 1000 : GAP_MS
    const plot = new uPlot(options(element, props), columns(history.points, gapMs(history.width_s, pause)), element)
    plot.over.addEventListener('click', ({ offsetX }) => props.nearer(plot.posToVal(offsetX, 'x') * 1000))
    const resized = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: element.clientHeight }))
    resized.observe(element)
    return () => {
      resized.disconnect()
      plot.destroy()
    }
  }, [history])
  return <div ref={place} class="history-chart" role="img" aria-label={props.label} data-testid="history-chart" />
}
