// The outbox: every delivery, live, for operators and administrators.
import { useEffect, useState } from 'preact/hooks'
import { toProblem, type Problem } from '../shared/api'
import { under } from '../shared/live/delta'
import { Live } from '../shared/live/live'
import { useTopic } from '../shared/live/useTopic'
import { loadHospital, loadMe, stillSignedIn } from '../shared/staff'
import { BlindBanner } from '../shared/ui/Blind'
import { mount } from '../shared/ui/mount'
import { StaffHeader } from '../shared/ui/StaffHeader'
import type { Delivery, Me } from '../shared/wire'
import { problemText } from '../shared/words'
import { choose, type Wish } from './choose'
import './outbox.css'
import { Row } from './Row'
import { t } from './words'

const STATES = ['all', 'queued', 'sent', 'delivered', 'failed', 'expired', 'over_budget'] as const

function Filter({ wish, change }: { wish: Wish; change: (wish: Wish) => void }) {
  return (
    <div class="filter">
      <label class="field">
        <span>{t('filter')}</span>
        <select data-testid="outbox-state" value={wish.state} onChange={(event) => change({ ...wish, state: event.currentTarget.value as Wish['state'] })}>
          {STATES.map((state) => (
            <option value={state}>{state === 'all' ? t('all') : t(`state_${state}`)}</option>
          ))}
        </select>
      </label>
      <label class="field">
        <span>{t('search')}</span>
        <input type="search" data-testid="outbox-search" value={wish.text} onInput={(event) => change({ ...wish, text: event.currentTarget.value })} />
      </label>
    </div>
  )
}

function List({ live }: { live: Live }) {
  const topic = useTopic(live, 'outbox')
  const [wish, setWish] = useState<Wish>({ state: 'all', text: '' })
  if (topic?.phase.value === 'refused') return <p class="message bad">{t('notForYou')}</p>
  if (!topic || topic.phase.value === 'loading') return <p class="loading">{t('loading')}</p>
  const all = under<Delivery>(topic.values.value, 'delivery/')
  const chosen = choose(all, wish)
  return (
    <>
      <Filter wish={wish} change={setWish} />
      <ul class="deliveries" data-testid="deliveries">
        {chosen.map((delivery) => (
          <Row key={delivery.id} delivery={delivery} />
        ))}
      </ul>
      {!chosen.length && <p class="loading">{all.length ? t('nothingFound') : t('empty')}</p>}
    </>
  )
}

function OutboxPage() {
  const [opened, setOpened] = useState<{ me: Me; live: Live } | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  useEffect(() => {
    Promise.all([loadMe(), loadHospital()]).then(
      ([me]) => setOpened({ me, live: new Live('staff', stillSignedIn) }),
      (error: unknown) => setProblem(toProblem(error)),
    )
  }, [])
  return (
    <div class="staff-page outbox-page">
      <BlindBanner since={opened?.live.blindSince.value ?? null} />
      <StaffHeader me={opened?.me ?? null} here="outbox" />
      <main>
        <h1>{t('outbox')}</h1>
        <p class="soft">{t('hint')}</p>
        {problem && (
          <p class="message bad" role="alert">
            {problemText(problem)}
          </p>
        )}
        {opened ? <List live={opened.live} /> : !problem && <p class="loading">{t('loading')}</p>}
      </main>
    </div>
  )
}

mount(OutboxPage, () => t('title'))
