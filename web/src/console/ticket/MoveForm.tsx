// Into another line: to a colleague now, or to another session. The old number ends, a new one is given there.
import { useEffect, useState } from 'preact/hooks'
import { get, post, toProblem, type Problem } from '../../shared/api'
import { dayAndTime } from '../../shared/time'
import { Refusal } from '../../shared/ui/Refusal'
import { Field } from '../../shared/ui/Field'
import type { Target, TicketRow } from '../../shared/wire'
import { t } from '../words'
import { ReasonForm } from './ReasonForm'

interface Props {
  row: TicketRow
  how: 'transfer' | 'move'
  back: () => void
  done: () => void
}

function useTargets(ticketId: string): { targets: Target[] | null; problem: Problem | null } {
  const [targets, setTargets] = useState<Target[] | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  useEffect(() => {
    get<Target[]>(`/tickets/${ticketId}/targets`).then(setTargets, (error: unknown) => setProblem(toProblem(error)))
  }, [ticketId])
  return { targets, problem }
}

function free(target: Target): string {
  return target.free === null ? '' : ` · ${t('freePlaces', target.free)}`
}

export function MoveForm({ row, how, back, done }: Props) {
  const { targets, problem } = useTargets(row.id)
  const [target, setTarget] = useState('')
  const [full, setFull] = useState(false) // the chosen one was, when it was tried
  const [evenIfFull, setEvenIfFull] = useState(false)
  const choose = (id: string): void => {
    setTarget(id)
    setFull(false)
    setEvenIfFull(false)
  }
  // only passing on steps out of the order, so only that is kept with a reason
  const wish = (reason: string): object => (how === 'transfer' ? { session_id: target, reason, even_if_full: evenIfFull } : { session_id: target })
  const act = (reason: string): Promise<unknown> =>
    post(`/tickets/${row.id}/${how}`, wish(reason)).catch((error: unknown) => {
      setFull(toProblem(error).slug === 'session-full')
      throw error
    })
  if (problem) return <Refusal problem={problem} />
  if (!targets) return <p class="loading">{t('loading')}</p>
  return (
    <ReasonForm title={t(`act_${how}`)} means={t(`act_${how}_means`)} back={back} act={act} done={done} ready={target !== ''} asks={how === 'transfer'}>
      <Field label={t('targetSession')}>
        <select data-testid="target-session" required value={target} onChange={(event: Event) => choose((event.currentTarget as HTMLSelectElement).value)}>
          <option value="">{targets.length ? t('choose') : t('noTarget')}</option>
          {targets.map((each) => (
            <option value={each.id}>
              {each.doctor.name} · {each.title} · {dayAndTime(each.opens_at)}
              {free(each)}
            </option>
          ))}
        </select>
      </Field>
      {full && how === 'transfer' && (
        <div class="choices">
          <label>
            <input type="checkbox" data-testid="even-if-full" checked={evenIfFull} onChange={(event: Event) => setEvenIfFull((event.currentTarget as HTMLInputElement).checked)} />
            {t('evenIfFull')}
          </label>
        </div>
      )}
    </ReasonForm>
  )
}
