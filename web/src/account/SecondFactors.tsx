// The list of one's second factors, adding one and removing one – each after a factor that was shown a moment ago.
import { useEffect, useState } from 'preact/hooks'
import { get, remove } from '../shared/api'
import { serverNow } from '../shared/clock'
import { Enrol } from '../shared/step-up/Enrol'
import { StepUpDialog } from '../shared/step-up/StepUpDialog'
import { dayLong } from '../shared/time'
import { Dialog } from '../shared/ui/Dialog'
import { Refusal } from '../shared/ui/Refusal'
import { useAct } from '../shared/ui/useAct'
import type { Factors } from '../shared/wire'
import { all, mayChange, type Factor } from './factors'
import { t } from './words'

/** What is to be done, once a factor was shown: adding one, or removing this one. */
type Wanted = 'add' | Factor

const nameOf = (factor: Factor): string => factor.label ?? t('app')

function Row({ factor, drop }: { factor: Factor; drop: () => void }) {
  return (
    <li class="factor" data-testid="factor">
      <div>
        <b>{nameOf(factor)}</b>
        <small>{factor.added ? t('passkeyAdded', dayLong(factor.added)) : t('appMeans')}</small>
      </div>
      <button data-testid="factor-remove" aria-label={t('removeThis', nameOf(factor))} onClick={drop}>
        {t('remove')}
      </button>
    </li>
  )
}

function RemoveDialog({ factor, done, close }: { factor: Factor; done: () => void; close: () => void }) {
  const { busy, problem, run } = useAct()
  const sure = (): void => void run(() => remove(factor.path)).then((did) => did && done())
  return (
    <Dialog title={t('removeTitle', nameOf(factor))} close={close} testid="remove-dialog">
      <p>{t('removeMeans')}</p>
      <Refusal problem={problem} />
      <div class="actions">
        <button onClick={close} data-testid="remove-no">
          {t('keep')}
        </button>
        <button class="danger" data-testid="remove-yes" disabled={busy} onClick={sure}>
          {t('removeYes')}
        </button>
      </div>
    </Dialog>
  )
}

function AddDialog({ done, close }: { done: () => void; close: () => void }) {
  return (
    <Dialog title={t('addTitle')} close={close} testid="add-dialog">
      <p class="soft">{t('addMeans')}</p>
      <Enrol done={done} />
      <div class="actions">
        <button onClick={close}>{t('cancel')}</button>
      </div>
    </Dialog>
  )
}

interface ChangeProps {
  wanted: Wanted
  /** A factor was shown a moment ago, so that none is asked for; `steppedUp` when one has been shown here. */
  shown: boolean
  steppedUp: () => void
  done: () => void
  close: () => void
}

function Change({ wanted, shown, steppedUp, done, close }: ChangeProps) {
  const [now, setNow] = useState(shown)
  const go = (): void => {
    setNow(true)
    steppedUp()
  }
  if (!now) return <StepUpDialog why={t('why')} done={go} close={close} />
  return wanted === 'add' ? <AddDialog done={done} close={close} /> : <RemoveDialog factor={wanted} done={done} close={close} />
}

export function SecondFactors() {
  const [factors, setFactors] = useState<Factors | null>(null)
  const [wanted, setWanted] = useState<Wanted | null>(null)
  const { problem, run } = useAct()
  const again = (): void => void run(async () => setFactors(await get<Factors>('/factors')))
  const load = (): void => {
    setWanted(null)
    again()
  }
  useEffect(load, [])
  const list = factors ? all(factors) : []
  return (
    <section class="card stack" aria-label={t('factors')}>
      <h2>{t('factors')}</h2>
      <p class="soft">{t('factorsMean')}</p>
      <Refusal problem={problem} />
      {problem && <button onClick={load}>{t('retry')}</button>}
      {factors && !list.length && <p data-testid="factors-none">{t('none')}</p>}
      <ul class="factors">
        {list.map((factor) => (
          <Row key={factor.path} factor={factor} drop={() => setWanted(factor)} />
        ))}
      </ul>
      {factors && (
        <button class="primary" data-testid="factor-add" onClick={() => setWanted('add')}>
          {t('add')}
        </button>
      )}
      {list.length > 0 && <p class="soft small">{t('lost')}</p>}
      {factors && wanted && <Change wanted={wanted} shown={mayChange(factors, serverNow())} steppedUp={again} done={load} close={() => setWanted(null)} />}
    </section>
  )
}
