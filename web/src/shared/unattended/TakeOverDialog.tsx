// Who answers for the alarms of a doctor who has left: the one who asks, or whom an administrator names.
import { useState } from 'preact/hooks'
import { post } from '../api'
import { Dialog } from '../ui/Dialog'
import { Field } from '../ui/Field'
import { FormEnd } from '../ui/FormEnd'
import { useAct } from '../ui/useAct'
import type { Named, Unattended } from '../wire'
import { t } from './words'

interface Props {
  of: Unattended
  successors: readonly Named[] | null // null: nobody but the one who asks
  close: () => void
}

export function TakeOverDialog({ of, successors, close }: Props) {
  const [successor, setSuccessor] = useState('')
  const { busy, problem, run } = useAct()
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    void run(() => post(`/unattended/${of.doctor.id}/take-over`, successors ? { doctor_id: successor } : {})).then((done) => done && close())
  }
  return (
    <Dialog title={t(successors ? 'assignFrom' : 'takeOverFrom', of.doctor.name)} close={close} testid="take-over-dialog">
      <form class="stack" onSubmit={submit}>
        <p>{t('left', of.doctor.name, of.patients)}</p>
        <p class="soft">{t(successors ? 'meansOther' : 'means')}</p>
        {successors && (
          <Field label={t('successor')}>
            <select required data-testid="successor" value={successor} onChange={(event: Event) => setSuccessor((event.currentTarget as HTMLSelectElement).value)}>
              <option value="">{t('choose')}</option>
              {successors.map((each) => (
                <option value={each.id}>{each.name}</option>
              ))}
            </select>
          </Field>
        )}
        <FormEnd problem={problem} busy={busy} back={close} backText={t('cancel')} sendText={t(successors ? 'assign' : 'takeOver')} testid="take-over-submit" ready={successors === null || !!successor} />
      </form>
    </Dialog>
  )
}
