// Pauses the line; the message stands on the page of everybody who waits.
import { useState } from 'preact/hooks'
import { post } from '../../shared/api'
import { Dialog } from '../../shared/ui/Dialog'
import { Field } from '../../shared/ui/Field'
import { FormEnd } from '../../shared/ui/FormEnd'
import { useAct } from '../../shared/ui/useAct'
import type { Session } from '../../shared/wire'
import { t } from '../words'

const PHRASES = ['pause_short', 'pause_emergency', 'pause_technical'] as const

export function SuspendDialog({ session, close }: { session: Session; close: () => void }) {
  const [message, setMessage] = useState('')
  const { busy, problem, run } = useAct()
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    void run(() => post(`/sessions/${session.id}/suspend`, { message: message.trim() })).then((done) => done && close())
  }
  return (
    <Dialog title={t('suspendTitle')} close={close} testid="suspend-dialog">
      <form class="stack" onSubmit={submit}>
        <p class="soft">{t('suspendMeans')}</p>
        <Field label={t('suspendMessage')}>
          <input data-testid="suspend-message" required maxLength={200} value={message} autocomplete="off" onInput={(event: InputEvent) => setMessage((event.currentTarget as HTMLInputElement).value)} />
        </Field>
        <div class="phrases">
          {PHRASES.map((phrase) => (
            <button type="button" class="small" onClick={() => setMessage(t(phrase))}>
              {t(phrase)}
            </button>
          ))}
        </div>
        <FormEnd problem={problem} busy={busy} back={close} backText={t('cancel')} sendText={t('do_suspend')} testid="suspend-submit" ready={!!message.trim()} />
      </form>
    </Dialog>
  )
}
