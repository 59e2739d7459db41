// All lines of today: state, who serves, how many wait, places; into the line, to its board, to its capacity.
import { useState } from 'preact/hooks'
import { now } from '../shared/clock'
import { isOld, usePolled, type Polled } from '../shared/polled'
import { localDay } from '../shared/day'
import { clockTime, exactTime, timeZone } from '../shared/time'
import { Refusal } from '../shared/ui/Refusal'
import type { RosterSession, Session } from '../shared/wire'
import { CapacityDialog } from './CapacityDialog'
import { isLate, today, type Day } from './day'
import { t } from './words'

const EVERY_MS = 5_000
const TAG: Record<Session['state'], string> = { planned: 'tag', open: 'tag ok', suspended: 'tag warn', closed: 'tag' }

/** The console opens at this line. */
function openLine(id: string): void {
  sessionStorage.setItem('bedside.session', id)
  location.assign('/console')
}

function State({ session }: { session: Session }) {
  const late = isLate(session, now.value)
  return (
    <>
      <span class={late ? 'tag warn' : TAG[session.state]}>{late ? t('notOpened') : t(`session_${session.state}`)}</span>
      {session.message && <small class="block soft">“{session.message}”</small>}
    </>
  )
}

function Places({ day }: { day: Day }) {
  const { session, places } = day
  const capacity = places?.capacity ?? session.capacity
  const booked = places?.booked ?? session.booked
  return (
    <>
      <span class="num">{capacity === null ? booked : `${booked} / ${capacity}`}</span>
      {places !== null && places.listed > 0 && <small class="block soft">{t('listed', places.listed)}</small>}
    </>
  )
}

function Line({ day, change }: { day: Day; change: () => void }) {
  const { session } = day
  return (
    <tr data-testid="desk-line" data-state={session.state}>
      <td>
        <b>{session.title}</b>
        <small class="block soft">{session.department?.name}</small>
      </td>
      <td>{session.doctors.map((doctor) => doctor.name).join(t('comma'))}</td>
      <td class="num">
        {clockTime(session.opens_at)}–{clockTime(session.closes_at)}
      </td>
      <td>
        <State session={session} />
      </td>
      <td class="figure num">{session.waiting}</td>
      <td class="figure">
        <Places day={day} />
      </td>
      <td class="line-actions">
        <button data-testid="open-line" aria-label={t('openLineOf', session.title)} onClick={() => openLine(session.id)}>
          {t('openLine')}
        </button>
        <button class="quiet" data-testid="capacity-open" aria-label={t('capacityOf', session.title)} onClick={change}>
          {t('capacity')}
        </button>
        <a href={`/display/${session.id}`} target="_blank" rel="noopener" aria-label={t('boardOf', session.title)}>
          {t('board')}
        </a>
      </td>
    </tr>
  )
}

function Table({ days, change }: { days: readonly Day[]; change: (day: Day) => void }) {
  if (!days.length) return <p class="message">{t('noLines')}</p>
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={t('lines')}>
      <table class="wide">
        <thead>
          <tr>
            <th>{t('session')}</th>
            <th>{t('doctors')}</th>
            <th>{t('hours')}</th>
            <th>{t('state')}</th>
            <th class="figure">{t('waiting')}</th>
            <th class="figure">{t('booked')}</th>
            <th>{t('do')}</th>
          </tr>
        </thead>
        <tbody>
          {days.map((day) => (
            <Line key={day.session.id} day={day} change={() => change(day)} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Sums({ polled }: { polled: Polled<Session[]> }) {
  const all = polled.value ?? []
  const old = isOld(polled, EVERY_MS, Date.now())
  const waiting = all.reduce((sum, session) => sum + session.waiting, 0)
  return (
    <div class="head">
      <h2>{t('lines')}</h2>
      <span class="tag">{t('sum', all.filter((session) => session.state === 'open').length, all.length, waiting)}</span>
      {polled.heardAt !== null && <span class={old ? 'tag bad' : 'soft small num'}>{old ? t('outOfDate', exactTime(polled.heardAt)) : t('asOf', exactTime(polled.heardAt))}</span>}
    </div>
  )
}

export function Lines() {
  const lines = usePolled<Session[]>('/sessions', EVERY_MS)
  const roster = usePolled<RosterSession[]>(`/roster/sessions?from=${localDay(now.value, timeZone.value)}&days=1`, EVERY_MS)
  const [changing, setChanging] = useState<Day | null>(null)
  const close = (): void => {
    setChanging(null)
    lines.again()
    roster.again()
  }
  return (
    <section class="stack" data-testid="lines">
      <Sums polled={lines} />
      {!lines.value && <Refusal problem={lines.problem} />}
      {lines.value ? <Table days={today(lines.value, roster.value ?? [])} change={setChanging} /> : !lines.problem && <p class="loading">{t('loading')}</p>}
      {changing && <CapacityDialog day={changing} close={close} />}
    </section>
  )
}
