// How many may book a session; fewer than are booked takes nobody's number away.
import { useState } from 'preact/hooks'
import { post } from '../shared/api'
import { Dialog } from '../shared/ui/Dialog'
import { Field } from '../shared/ui/Field'
import { FormEnd } from '../shared/ui/FormEnd'
import { useAct } from '../shared/ui/useAct'
import type { DeskLine } from '../shared/wire'
import { t } from './words'

export function CapacityDialog({ line, close }: { line: DeskLine; close: () => void }) {
  const { session } = line
  const before = session.capacity
  const [text, setText] = useState(before === null ? '' : String(before))
  const { busy, problem, run } = useAct()
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    const capacity = text.trim() === '' ? null : Number(text)
    void run(() => post(`/sessions/${session.id}/capacity`, { capacity })).then((done) => done && close())
  }
  return (
    <Dialog title={t('capacityOf', session.title)} close={close} testid="capacity-dialog">
      <form class="stack" onSubmit={submit}>
        <p class="soft">{t('capacityMeans')}</p>
        <Field label={t('capacityField')}>
          <input data-testid="capacity" type="number" min={1} max={500} step={1} value={text} onInput={(event: InputEvent) => setText((event.currentTarget as HTMLInputElement).value)} />
        </Field>
        <FormEnd problem={problem} busy={busy} back={close} backText={t('cancel')} sendText={t('save')} testid="capacity-submit" />
      </form>
    </Dialog>
  )
}
