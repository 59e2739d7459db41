// A moving trend: three minutes beside the number, thirty with axes. With history/HistoryChart the only file that knows uPlot.
import { useSignalEffect } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { now, serverNow } from '../shared/clock'
import { clockTime } from '../shared/time'
import type { Shown } from './metrics'
import { columns, RECENT_MS, WINDOW_MS, type Point } from './series'

interface Props {
  points: readonly Point[]
  look: Shown
  label: string
  axes: boolean
}

function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim()
}

function axisOptions(axes: boolean): uPlot.Axis[] {
  if (!axes) return [{ show: false }, { show: false }]
  const grid = { stroke: token('--line'), width: 1 }
  const common = { stroke: token('--ink-2'), font: '11px system-ui, sans-serif', grid, ticks: { show: false } }
  const times = (_: uPlot, splits: number[]): string[] => splits.map((seconds) => clockTime(seconds * 1000))
  return [
    { ...common, values: times, space: 64, size: 22 },
    { ...common, size: 30, space: 24 },
  ]
}

/** The usual range, widened to what was measured, so that a flat line looks flat. */
function range([low, high]: readonly [number, number]) {
  return (_: uPlot, dataMin: number | null, dataMax: number | null): [number, number] => [
    Math.min(low, dataMin ?? low),
    Math.max(high, dataMax ?? high),
  ]
}

function timeSpan(axes: boolean): { min: number; max: number } {
  const nowS = serverNow() / 1000
  return { min: nowS - (axes ? WINDOW_MS : RECENT_MS) / 1000, max: nowS }
}

function options(place: HTMLElement, { look, axes }: Props): uPlot.Options {
  return {
    width: place.clientWidth || 100,
    height: place.clientHeight || 48,
    padding: axes ? [6, 18, 0, 0] : [3, 3, 3, 0],
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: true, ...timeSpan(axes) }, y: { range: range(look.range) } },
    axes: axisOptions(axes),
    series: [{}, { stroke: token(look.colour), width: 1.6, points: { show: false } }],
  }
}

function draw(plot: uPlot, points: readonly Point[], axes: boolean): void {
  const { seconds, values } = columns(points)
  plot.batch(() => {
    plot.setData([seconds, values], false)
    plot.setScale('x', timeSpan(axes))
  })
}

export function Trend(props: Props) {
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const latest = useRef(props.points)
  latest.current = props.points
  useEffect(() => {
    if (!place.current) return undefined
    const element = place.current
    const made = new uPlot(options(element, props), [[], []], element)
    plot.current = made
    draw(made, latest.current, props.axes)
    const resized = new ResizeObserver(() => made.setSize({ width: element.clientWidth || 100, height: element.clientHeight || 48 }))
    resized.observe(element)
    return () => {
      resized.disconnect()
      made.destroy()
      plot.current = null
    }
  }, [props.look.metric, props.axes])
  useSignalEffect(() => {
    void now.value // moves on each second, with or without a new reading
    if (plot.current) draw(plot.current, latest.current, props.axes)
  })
  return <div ref={place} class={props.axes ? 'trend tall' : 'trend'} role="img" aria-label={props.label} />
}
