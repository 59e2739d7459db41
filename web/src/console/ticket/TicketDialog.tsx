// One ticket: what is known of it, and what can be done with it – a list of actions, each with the question it needs.
import { useState } from 'preact/hooks'
import { post } from '../../shared/api'
import { Dialog } from '../../shared/ui/Dialog'
import { Refusal } from '../../shared/ui/Refusal'
import { useAct } from '../../shared/ui/useAct'
import type { TicketRow, Visit } from '../../shared/wire'
import { chosenPatient, tab, visitId } from '../state'
import { t } from '../words'
import type { Action } from './actions'
import { CancelForm } from './CancelForm'
import { LinkForm } from './LinkForm'
import { ReasonForm } from './ReasonForm'
import { MoveForm } from './MoveForm'
import { UrgencyForm } from './UrgencyForm'

interface Props {
  row: TicketRow
  actions: readonly Action[]
  close: () => void
}

/** The called one comes onto the stage at once. */
function show(visit: Visit): void {
  chosenPatient.value = null
  visitId.value = visit.id
  tab.value = 'visit'
}

async function call(row: TicketRow, how: 'call' | 'recall', reason: string): Promise<void> {
  const { visit } = await post<{ visit: Visit }>(`/tickets/${row.id}/${how}`, { reason })
  show(visit)
}

function Choice({ row, actions, choose, close }: Props & { choose: (action: Action) => void }) {
  const act = useAct()
  const take = (action: Action): void => {
    if (action !== 'hold' && action !== 'unhold') return choose(action)
    void act.run(() => post(`/tickets/${row.id}/${action}`)).then((done) => done && close())
  }
  return (
    <>
      <div class="action-list">
        {actions.map((action) => (
          <button key={action} class={action === 'cancel' ? 'bad-text' : ''} data-testid={`act-${action}`} disabled={act.busy} onClick={() => take(action)}>
            <b>{t(`act_${action}`)}</b>
            <small>{t(`act_${action}_means`)}</small>
          </button>
        ))}
        {!actions.length && <p class="soft">{t('noActions')}</p>}
      </div>
      <Refusal problem={act.problem} />
      <div class="actions">
        <button onClick={close}>{t('close')}</button>
      </div>
    </>
  )
}

export function TicketDialog({ row, actions, close }: Props) {
  const [action, setAction] = useState<Action | null>(null)
  const back = (): void => setAction(null)
  const form = { row, back, done: close }
  return (
    <Dialog title={t('ticketTitle', row.serial, row.patient.name)} close={close} testid="ticket-dialog">
      {action === null && <Choice row={row} actions={actions} choose={setAction} close={close} />}
      {(action === 'call' || action === 'recall') && (
        <ReasonForm title={t(`act_${action}`)} means={t(`act_${action}_means`)} back={back} act={(reason) => call(row, action, reason)} done={close} />
      )}
      {action === 'urgency' && <UrgencyForm {...form} />}
      {(action === 'transfer' || action === 'move') && <MoveForm {...form} how={action} />}
      {action === 'cancel' && <CancelForm {...form} />}
      {action === 'link' && <LinkForm {...form} />}
    </Dialog>
  )
}
