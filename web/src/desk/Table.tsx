// The table of the day: state, who serves, how many wait, places; into the line, to its board, to its capacity.
import { now } from '../shared/clock'
import { clockTime } from '../shared/time'
import type { DeskLine, Session } from '../shared/wire'
import { isLate } from './day'
import { t } from './words'

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

function Places({ line }: { line: DeskLine }) {
  const { capacity } = line.session
  const over = capacity !== null && line.held > capacity
  return (
    <>
      <span class={over ? 'num tag warn' : 'num'}>{capacity === null ? line.held : `${line.held} / ${capacity}`}</span>
      {line.listed > 0 && <small class="block soft">{t('listed', line.listed)}</small>}
    </>
  )
}

function Row({ line, change }: { line: DeskLine; change: () => void }) {
  const { session } = line
  return (
    <tr data-testid="desk-line" data-state={session.state}>
      <td>
        <b>{session.title}</b>
        <small class="block soft">{session.department?.name}</small>
      </td>
      <td>
        <State session={session} />
      </td>
      <td class="figure num">{session.waiting}</td>
      <td class="figure">
        <Places line={line} />
      </td>
      <td>{session.doctors.map((doctor) => doctor.name).join(t('comma'))}</td>
      <td class="num">
        {clockTime(session.opens_at)}–{clockTime(session.closes_at)}
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

export function Table({ lines, change }: { lines: readonly DeskLine[]; change: (line: DeskLine) => void }) {
  if (!lines.length) return <p class="message">{t('noLines')}</p>
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={t('lines')}>
      <table class="wide">
        <thead>
          <tr>
            <th>{t('session')}</th>
            <th>{t('state')}</th>
            <th class="figure">{t('waiting')}</th>
            <th class="figure">{t('booked')}</th>
            <th>{t('doctors')}</th>
            <th>{t('hours')}</th>
            <th>{t('do')}</th>
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <Row key={line.session.id} line={line} change={() => change(line)} />
          ))}
        </tbody>
      </table>
    </div>
  )
}
