// All lines of today, live. Where the live connection is lost they are asked for again and again, and the page says so.
import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { now } from '../shared/clock'
import { localDay } from '../shared/day'
import type { Live } from '../shared/live/live'
import { useTopic } from '../shared/live/useTopic'
import { isOld, usePolled } from '../shared/polled'
import { exactTime, timeZone } from '../shared/time'
import { Refusal } from '../shared/ui/Refusal'
import type { DeskDay, DeskLine, RosterSession, Session } from '../shared/wire'
import { CapacityDialog } from './CapacityDialog'
import { joined, watched } from './day'
import { Table } from './Table'
import { t } from './words'

const EVERY_MS = 5_000

interface Shown {
  lines: readonly DeskLine[]
  change: (line: DeskLine) => void
}

function Head({ lines, children }: { lines: readonly DeskLine[]; children: ComponentChildren }) {
  const waiting = lines.reduce((sum, { session }) => sum + session.waiting, 0)
  const open = lines.filter(({ session }) => session.state === 'open').length
  return (
    <div class="head">
      <h2>{t('lines')}</h2>
      <span class="tag">{t('sum', open, lines.length, waiting)}</span>
      <span role="status">{children}</span>
    </div>
  )
}

/** `before` is what was seen last: it stays until the first answer. */
function Asked({ lines: before, change, seen }: Shown & { seen: boolean }) {
  const sessions = usePolled<Session[]>('/sessions', EVERY_MS)
  const roster = usePolled<RosterSession[]>(`/roster/sessions?from=${localDay(now.value, timeZone.value)}&days=1`, EVERY_MS)
  const lines = sessions.value ? joined(sessions.value, roster.value ?? []) : before
  const old = sessions.heardAt === null || isOld(sessions, EVERY_MS, Date.now())
  return (
    <>
      <Head lines={lines}>
        <span class={old ? 'tag bad' : 'tag warn'} data-testid="not-live">
          {t('notLive', EVERY_MS / 1000)}
          {sessions.heardAt !== null && ` · ${old ? t('outOfDate', exactTime(sessions.heardAt)) : t('asOf', exactTime(sessions.heardAt))}`}
        </span>
      </Head>
      <Refusal problem={sessions.problem} />
      {sessions.value || seen ? <Table lines={lines} change={change} /> : <p class="loading">{t('loading')}</p>}
    </>
  )
}

function Watched({ lines, more, change }: Shown & { more: boolean }) {
  return (
    <>
      <Head lines={lines}>
        <span class="tag ok" data-testid="live">
          {t('live')}
        </span>
      </Head>
      {more && <p class="message warn">{t('moreLines', lines.length)}</p>}
      <Table lines={lines} change={change} />
    </>
  )
}

export function Lines({ live }: { live: Live }) {
  const topic = useTopic(live, 'desk')
  const [changing, setChanging] = useState<DeskLine | null>(null)
  const seen = topic?.phase.value === 'live'
  const lost = live.blindSince.value !== null || topic?.phase.value === 'refused'
  const lines = topic ? watched(topic.values.value) : []
  const day = topic?.values.value.get('day') as DeskDay | undefined
  return (
    <section class="stack" data-testid="lines">
      {lost && <Asked lines={lines} change={setChanging} seen={seen} />}
      {!lost && seen && <Watched lines={lines} change={setChanging} more={day?.more ?? false} />}
      {!lost && !seen && <p class="loading">{t('loading')}</p>}
      {changing && <CapacityDialog line={changing} close={() => setChanging(null)} />}
    </section>
  )
}
