// A recorded waveform: an overview of hours as a band from lowest to highest, seconds as the trace. A click goes nearer.
import { useEffect, useRef, useState } from 'preact/hooks'
import { get, toProblem } from '../../shared/api'
import { serverNow } from '../../shared/clock'
import { exactTime } from '../../shared/time'
import type { Waves } from '../../shared/wire'
import { NotYet, type Answer } from '../history/NotYet'
import { boundsText } from '../history/times'
import { t } from '../words'
import { runs, scale, strip, type Point } from './blocks'
import { drawLines, paper, token, type Paper } from './paint'
import { channelName, COLOURS } from './waveWords'
import { DAY, from, isEmpty, moved, query, spanMs, WIDEST, zoomed, type View } from './zoom'

interface Found {
  waves: Waves
  view: View
}

function useWaves(patientId: string, channel: string, view: View, tries: number): Answer<Found> {
  const [answer, setAnswer] = useState<Answer<Found>>(null)
  useEffect(() => {
    let left = false
    setAnswer(null)
    get<Waves>(`/patients/${patientId}/waves?${query(channel, view)}`).then(
      (waves) => left || setAnswer({ waves, view }),
      (error: unknown) => left || setAnswer({ problem: toProblem(error) }),
    )
    return () => {
      left = true
    }
  }, [patientId, channel, view.level, view.until, tries])
  return answer
}

/** Each slot a line from its lowest to its highest, as wide as it is. */
function drawBand(sheet: Paper, { low, high, width_us: width, start_us: start }: Waves, view: View): void {
  const points: Point[][] = [[...low, ...high].flatMap((height) => (height === null ? [] : [{ us: 0, height }]))]
  const { middle, pxPer } = scale(points, '', sheet.height)
  const pxPerUs = sheet.width / (spanMs(view) * 1000)
  high.forEach((top, at) => {
    const bottom = low[at]
    if (top === null || bottom == null) return
    const y = sheet.height / 2 - (top - middle) * pxPer
    const x = (start + at * width - from(view) * 1000) * pxPerUs
    sheet.ctx.fillRect(x, y, Math.max(width * pxPerUs, 1), Math.max((top - bottom) * pxPer, 1.5))
  })
}

function draw(canvas: HTMLCanvasElement, waves: Waves, view: View): void {
  const sheet = paper(canvas)
  if (!sheet) return
  const colour = token(COLOURS[waves.channel] ?? '--pulse')
  sheet.ctx.fillStyle = colour
  if (waves.level !== 'samples') return drawBand(sheet, waves, view)
  const lines = runs(waves.blocks.map(strip), from(view) * 1000, view.until * 1000)
  const x = (us: number): number => ((us / 1000 - from(view)) / spanMs(view)) * sheet.width
  drawLines(sheet, lines, scale(lines, '', sheet.height), { colour, x })
}

function Chart({ waves, view, label, nearer }: { waves: Waves; view: View; label: string; nearer: (at: number) => void }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    const element = canvas.current
    if (!element) return undefined
    const resized = new ResizeObserver(() => draw(element, waves, view))
    resized.observe(element)
    return () => resized.disconnect()
  }, [waves])
  const clicked = (event: MouseEvent): void => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect()
    nearer(from(view) + ((event.clientX - box.left) / box.width) * spanMs(view))
  }
  return <canvas ref={canvas} class="history-chart" role="img" aria-label={label} onClick={clicked} data-testid="wave-chart" data-level={waves.level} />
}

function Controls({ view, go }: { view: View; go: (view: View) => void }) {
  const now = serverNow()
  return (
    <div class="history-choice" role="group" aria-label={t('historySpan')}>
      <button data-testid="wave-in" disabled={view.level === 0} onClick={() => go(zoomed(view, -1, now))}>
        ＋ {t('waveNearer')}
      </button>
      <button data-testid="wave-out" disabled={view.level === WIDEST} onClick={() => go(zoomed(view, 1, now))}>
        − {t('waveWider')}
      </button>
      <div class="history-steps">
        <button aria-label={t('historyEarlier')} data-testid="wave-earlier" onClick={() => go(moved(view, -1, now))}>
          ‹
        </button>
        <button aria-label={t('historyLater')} data-testid="wave-later" disabled={view.until >= now - 1000} onClick={() => go(moved(view, 1, now))}>
          ›
        </button>
      </div>
    </div>
  )
}

/** The picture fills its box: how high it is, the numbers say. A pleth has no unit, and none to say. */
function Range({ waves }: { waves: Waves }) {
  const heights = waves.blocks.flatMap((block) => strip(block).heights)
  const measured = [...waves.low, ...waves.high, ...heights].filter((height) => height !== null)
  if (waves.unit === '1' || !measured.length) return null
  const [low, high] = [measured.reduce((a, b) => Math.min(a, b)), measured.reduce((a, b) => Math.max(a, b))]
  return <p class="history-point num">{t('waveRange', low.toFixed(2), high.toFixed(2), waves.unit)}</p>
}

function timeText(view: View): string {
  return spanMs(view) > 600_000 ? boundsText(from(view), view.until) : `${exactTime(from(view))} – ${exactTime(view.until)}`
}

export function WaveHistory({ patientId, channel }: { patientId: string; channel: string }) {
  const [view, go] = useState<View>(() => ({ level: DAY, until: serverNow() }))
  const [tries, setTries] = useState(0)
  const answer = useWaves(patientId, channel, view, tries)
  const name = channelName(channel)
  return (
    <>
      <Controls view={view} go={go} />
      <p class="soft" data-testid="wave-bounds">
        {timeText(view)}
      </p>
      <NotYet answer={answer} again={() => setTries(tries + 1)} />
      {answer !== null && 'waves' in answer && isEmpty(answer.waves) && <p class="history-empty">{t('historyEmpty', name)}</p>}
      {answer !== null && 'waves' in answer && !isEmpty(answer.waves) && (
        <Chart
          waves={answer.waves}
          view={answer.view}
          label={t('waveOf', name, timeText(answer.view))}
          nearer={(at) => go(zoomed(view, -1, serverNow(), at))}
        />
      )}
      {answer !== null && 'waves' in answer && <Range waves={answer.waves} />}
      <p class="soft">{t('waveHow')}</p>
      <p class="soft">{t('wavePurpose')}</p>
    </>
  )
}
