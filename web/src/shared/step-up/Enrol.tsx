// A second factor of this user: an authenticator app that scans a code, or a passkey of this device.
import { useState } from 'preact/hooks'
import { post } from '../api'
import { Field } from '../ui/Field'
import { Refusal } from '../ui/Refusal'
import { useAct } from '../ui/useAct'
import { addPasskey, hasPasskeys } from './passkey'
import { QrCode } from './QrCode'
import './step-up.css'
import { t } from './words'

interface Factor {
  secret: string
  uri: string
  qr: string[]
}

/** ABCD EFGH …: typed from one screen into another. */
function inGroups(secret: string): string {
  return secret.replace(/(.{4})(?=.)/g, '$1 ')
}

function Confirm({ factor, done }: { factor: Factor; done: () => void }) {
  const [code, setCode] = useState('')
  const { busy, problem, run } = useAct()
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    void run(() => post('/totp/confirm', { code })).then((did) => did && done())
  }
  return (
    <form class="stack" onSubmit={submit}>
      <p>{t('scan')}</p>
      <QrCode rows={factor.qr} label={t('qrLabel')} />
      <p class="soft">{t('typeSecret')}</p>
      <code class="secret" data-testid="totp-secret">
        {inGroups(factor.secret)}
      </code>
      <a class="button" href={factor.uri}>
        {t('openApp')}
      </a>
      <Field label={t('code')}>
        <input class="code num" data-testid="enrol-code" inputMode="numeric" autocomplete="one-time-code" pattern="[0-9]{6}" maxLength={6} required value={code} onInput={(event: InputEvent) => setCode((event.currentTarget as HTMLInputElement).value.replace(/\D/g, ''))} />
      </Field>
      <Refusal problem={problem} />
      <button class="primary" data-testid="enrol-submit" disabled={busy || code.length !== 6}>
        {t('confirm')}
      </button>
    </form>
  )
}

export function Enrol({ done }: { done: () => void }) {
  const [factor, setFactor] = useState<Factor | null>(null)
  const [password, setPassword] = useState('')
  const { busy, problem, run } = useAct()
  if (factor) return <Confirm factor={factor} done={done} />
  return (
    <div class="stack">
      <Field label={t('passwordAgain')}>
        <input data-testid="enrol-password" type="password" autocomplete="current-password" value={password} onInput={(event: InputEvent) => setPassword((event.currentTarget as HTMLInputElement).value)} />
      </Field>
      <button class="primary" data-testid="enrol-totp" disabled={busy || !password} onClick={() => void run(async () => setFactor(await post<Factor>('/totp/enrol', { password })))}>
        {t('enrolTotp')}
      </button>
      {hasPasskeys() && (
        <button data-testid="enrol-passkey" disabled={busy || !password} onClick={() => void run(() => addPasskey(password, t('thisDevice'))).then((did) => did && done())}>
          {t('enrolPasskey')}
        </button>
      )}
      <Refusal problem={problem} />
    </div>
  )
}
