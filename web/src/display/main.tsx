// The board in the waiting room: the numbers that are called, how many wait. No names of patients, read from five metres.
import { useEffect, useRef, useState } from 'preact/hooks'
import { now } from '../shared/clock'
import { isOld, usePolled, type Polled } from '../shared/polled'
import { loadHospital } from '../shared/staff'
import { clockTime, exactTime } from '../shared/time'
import { LanguageSwitch } from '../shared/ui/Language'
import { mount } from '../shared/ui/mount'
import type { Display, Hospital } from '../shared/wire'
import { columns, fresh } from './board'
import './display.css'
import { t } from './words'

const EVERY_MS = 3_000
const FLASH_MS = 8_000
const sessionId = location.pathname.split('/')[2] ?? ''

function useFlash(calling: readonly number[]): readonly number[] {
  const [flashing, setFlashing] = useState<readonly number[]>([])
  const before = useRef<readonly number[] | null>(null)
  useEffect(() => {
    const called = before.current === null ? [] : fresh(before.current, calling)
    before.current = calling
    if (!called.length) return undefined
    setFlashing(called)
    const timer = setTimeout(() => setFlashing([]), FLASH_MS)
    return () => clearTimeout(timer)
  }, [calling.join()])
  return flashing
}

function Numbers({ display }: { display: Display }) {
  const flashing = useFlash(display.calling)
  const count = display.calling.length
  if (!count) return <p class="nobody">{display.waiting ? t('soon') : t('nobody')}</p>
  return (
    <ol class={`numbers of-${columns(count)}${count > 2 ? ' rows' : ''}`}>
      {display.calling.map((serial) => (
        <li key={serial} class={flashing.includes(serial) ? 'num flash' : 'num'} data-testid="calling">
          {serial}
        </li>
      ))}
    </ol>
  )
}

function Shown({ display }: { display: Display }) {
  return (
    <>
      <section class="called" aria-live="polite" aria-label={t('calling')}>
        <h2>{t('calling')}</h2>
        <Numbers display={display} />
      </section>
      {display.suspended && (
        <p class="pause" role="status" data-testid="display-suspended">
          {t('suspended')} {display.suspended}
        </p>
      )}
      <footer>
        <span>{t('doctors', display.doctors)}</span>
        <span data-testid="display-waiting">{t('waiting', display.waiting)}</span>
      </footer>
    </>
  )
}

function Trouble({ board, old }: { board: Polled<Display>; old: boolean }) {
  if (old && board.heardAt !== null) {
    return (
      <p class="out-of-date" role="alert" data-testid="out-of-date">
        ▧ {t('outOfDate', exactTime(board.heardAt))}
      </p>
    )
  }
  if (board.value || !board.problem) return null
  return (
    <p class="nobody" role="alert" data-testid="display-trouble">
      {board.problem.slug === 'not-found' ? t('noSession') : t('problem_offline')}
    </p>
  )
}

function DisplayPage() {
  const [hospital, setHospital] = useState<Hospital | null>(null)
  useEffect(() => void loadHospital().then(setHospital, () => undefined), [])
  const board = usePolled<Display>(`/display/${sessionId}`, EVERY_MS)
  const time = now.value // its tick is also what lets the answer grow old
  const old = isOld(board, EVERY_MS, Date.now())
  return (
    <main class={old ? 'display old' : 'display'} data-testid="display">
      <header>
        <h1>{hospital?.name ?? 'Bedside'}</h1>
        <span class="spring" />
        <LanguageSwitch />
        <time class="num">{clockTime(time)}</time>
      </header>
      <Trouble board={board} old={old} />
      {board.value && <Shown display={board.value} />}
      {!board.value && !board.problem && <p class="nobody">{t('loading')}</p>}
    </main>
  )
}

mount(DisplayPage, () => t('title'))
