// Signing in afresh before something that matters: a code of the authenticator app, or a passkey.
import { useEffect, useState } from 'preact/hooks'
import { get, post } from '../api'
import { Dialog } from '../ui/Dialog'
import { Field } from '../ui/Field'
import { Refusal } from '../ui/Refusal'
import { useAct } from '../ui/useAct'
import type { Factors } from '../wire'
import { Enrol } from './Enrol'
import { hasPasskeys, usePasskey } from './passkey'
import { t } from './words'

function Code({ enrolled, done }: { enrolled: boolean; done: () => void }) {
  const [code, setCode] = useState('')
  const { busy, problem, run } = useAct()
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    void run(() => post('/step-up/totp', { code })).then((did) => (did ? done() : setCode('')))
  }
  return (
    <form class="stack" onSubmit={submit} data-testid="totp-form">
      {enrolled && <p class="message ok">{t('nextCode')}</p>}
      <Field label={t('code')}>
        <input
          class="code num"
          data-testid="totp-code"
          inputMode="numeric"
          autocomplete="one-time-code"
          pattern="[0-9]{6}"
          maxLength={6}
          required
          value={code}
          onInput={(event: InputEvent) => setCode((event.currentTarget as HTMLInputElement).value.replace(/\D/g, ''))}
        />
      </Field>
      <Refusal problem={problem} />
      <button class="primary" data-testid="totp-submit" disabled={busy || code.length !== 6}>
        {t('confirm')}
      </button>
    </form>
  )
}

function Passkey({ done }: { done: () => void }) {
  const { busy, problem, run } = useAct()
  return (
    <div class="stack">
      <button data-testid="passkey-use" disabled={busy} onClick={() => void run(usePasskey).then((did) => did && done())}>
        {t('usePasskey')}
      </button>
      <Refusal problem={problem} />
    </div>
  )
}

/** `why` where it is not the opening of a session that asks. */
export function StepUpDialog({ done, close, why }: { done: () => void; close: () => void; why?: string }) {
  const [methods, setMethods] = useState<Factors | null>(null)
  const [enrolled, setEnrolled] = useState(false)
  const { problem, run } = useAct()
  const load = (): void => void run(async () => setMethods(await get<Factors>('/factors')))
  useEffect(load, [])
  const enrol = (): void => {
    setEnrolled(true)
    load()
  }
  const none = methods !== null && !methods.totp && methods.passkeys.length === 0
  return (
    <Dialog title={t('title')} close={close} testid="step-up-dialog">
      <p class="soft">{none ? t('enrolFirst') : (why ?? t('why'))}</p>
      <Refusal problem={problem} />
      {!methods && !problem && <p class="loading">{t('loading')}</p>}
      {none && <Enrol done={enrol} />}
      {methods?.totp && <Code enrolled={enrolled} done={done} />}
      {methods !== null && methods.passkeys.length > 0 && hasPasskeys() && <Passkey done={done} />}
      <div class="actions">
        <button onClick={close}>{t('cancel')}</button>
      </div>
    </Dialog>
  )
}
