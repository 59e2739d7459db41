// The running traces of a patient, as paper would show them. Watched only while they are on the page.
import { useEffect, useRef, useState } from 'preact/hooks'
import { now } from '../../shared/clock'
import { under } from '../../shared/live/delta'
import { useTopic } from '../../shared/live/useTopic'
import { clockTime } from '../../shared/time'
import type { WaveBlock } from '../../shared/wire'
import type { Desk } from '../state'
import { t } from '../words'
import { byChannel, endUs, MM_PER_S, playhead, PX_PER_S, runs, scale, strip, type Scale, type Strip } from './blocks'
import { drawGrid, drawLines, paper, token } from './paint'
import { channelName, COLOURS } from './waveWords'

const FRAME_MS = 50
const SILENT_MS = 5_000 // without a new block there is no signal
const SLOW_MS = 15_000
const ERASED = 0.06 // of the width, ahead of the pen

interface Running {
  channel: string
  unit: string
  strips: readonly Strip[]
}

/** A sweep: the pen goes from left to right and begins again, what is ahead of it is the oldest. */
function sweep(canvas: HTMLCanvasElement, { channel, unit, strips }: Running, pen: number): Scale | null {
  const sheet = paper(canvas)
  if (!sheet) return null
  const spanUs = (sheet.width / PX_PER_S) * 1_000_000
  const lines = runs(strips, pen - spanUs * (1 - ERASED), pen)
  const size = scale(lines, unit, sheet.height)
  drawGrid(sheet)
  drawLines(sheet, lines, size, { colour: token(COLOURS[channel] ?? '--pulse'), x: (us) => ((us % spanUs) / spanUs) * sheet.width })
  return size
}

function useSweep(running: Running): { canvas: { current: HTMLCanvasElement | null }; size: Scale | null } {
  const canvas = useRef<HTMLCanvasElement>(null)
  const latest = useRef(running)
  latest.current = running
  const [size, setSize] = useState<Scale | null>(null)
  useEffect(() => {
    let pen: number | null = null
    let before = performance.now()
    const calm = matchMedia('(prefers-reduced-motion: reduce)').matches
    const draw = (): void => {
      const last = latest.current.strips[latest.current.strips.length - 1]
      if (document.hidden || !last || !canvas.current) return
      pen = calm ? endUs(last) : playhead(pen, (performance.now() - before) * 1000, endUs(last))
      before = performance.now()
      const drawn = sweep(canvas.current, latest.current, pen)
      setSize((known) => (known?.mmPerMv === drawn?.mmPerMv ? known : drawn))
    }
    draw()
    const timer = setInterval(draw, calm ? 1000 : FRAME_MS)
    return () => clearInterval(timer)
  }, [])
  return { canvas, size }
}

function Trace({ running, blind }: { running: Running; blind: boolean }) {
  const { canvas, size } = useSweep(running)
  const last = running.strips[running.strips.length - 1]
  const end = last ? endUs(last) / 1000 : 0
  const flat = running.strips.every(({ heights }) => heights.every((height) => height === null))
  const silent = blind || flat || now.value - end > SILENT_MS
  const paperText = size?.mmPerMv ? t('wavePaper', MM_PER_S, size.mmPerMv) : t('waveOwnScale', MM_PER_S)
  const name = channelName(running.channel)
  return (
    <figure class={silent ? 'wave silent' : 'wave'} data-testid={`wave-${running.channel}`} data-silent={silent}>
      <figcaption>
        <b>{name}</b>
        <span class="spring" />
        <span class="num">{paperText}</span>
      </figcaption>
      <div class="wave-sheet">
        <canvas ref={canvas} role="img" aria-label={t('waveRunning', name, paperText)} />
        {silent && (
          <p class="tag warn" role="status">
            {flat ? t('waveOff') : t('waveSilent', clockTime(end))}
          </p>
        )}
      </div>
    </figure>
  )
}

/** What was seen stays, so that a trace that ends says so and does not vanish. */
function useRunning(blocks: readonly WaveBlock[]): readonly Running[] {
  const seen = useRef(new Map<string, Running>())
  const decoded = useRef(new WeakMap<WaveBlock, Strip>())
  const stripOf = (block: WaveBlock): Strip => {
    const known = decoded.current.get(block) ?? strip(block)
    decoded.current.set(block, known)
    return known
  }
  for (const [channel, own] of byChannel(blocks)) {
    seen.current.set(channel, { channel, unit: own[0]?.unit ?? '', strips: own.map(stripOf) })
  }
  return [...seen.current.values()].sort((one, other) => one.channel.localeCompare(other.channel))
}

/** Whether the server had to leave out parts lately, since this page did not keep up. */
function useSlow(missed: number): boolean {
  const [until, setUntil] = useState(0)
  useEffect(() => {
    if (missed) setUntil(now.value + SLOW_MS)
  }, [missed])
  return now.value < until
}

export function LiveWaves({ desk, patientId }: { desk: Desk; patientId: string }) {
  const topic = useTopic(desk.live, `wave:${patientId}`)
  const running = useRunning(under<WaveBlock>(topic?.values.value ?? new Map(), ''))
  const slow = useSlow(topic?.missed.value ?? 0)
  if (!running.length) return null
  const blind = desk.live.blindSince.value !== null
  return (
    <section class="waves" aria-label={t('waves')} data-testid="waves">
      {running.map((each) => (
        <Trace key={each.channel} running={each} blind={blind} />
      ))}
      {slow && <p class="message warn" role="status">{t('waveSlow')}</p>}
      <p class="soft" data-testid="waves-purpose">{t('wavePurpose')}</p>
    </section>
  )
}
