// An action that is kept with its reason: who reads the line later must understand it.
import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { Field } from '../../shared/ui/Field'
import { FormEnd } from '../../shared/ui/FormEnd'
import { useAct } from '../../shared/ui/useAct'
import { t } from '../words'

interface Props {
  title: string
  means: string
  back: () => void
  act: (reason: string) => Promise<unknown>
  done: () => void
  ready?: boolean
  asks?: boolean // for the reason
  children?: ComponentChildren
}

export function ReasonForm({ title, means, back, act, done, ready = true, asks = true, children }: Props) {
  const [reason, setReason] = useState('')
  const { busy, problem, run } = useAct()
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    void run(() => act(reason.trim())).then((did) => did && done())
  }
  return (
    <form class="stack" onSubmit={submit} data-testid="reason-form">
      <h3>{title}</h3>
      <p class="soft">{means}</p>
      {children}
      {asks && (
        <Field label={t('reason')}>
          <input data-testid="reason" required maxLength={200} value={reason} autocomplete="off" onInput={(event: InputEvent) => setReason((event.currentTarget as HTMLInputElement).value)} />
        </Field>
      )}
      <FormEnd problem={problem} busy={busy} back={back} backText={t('back')} sendText={title} testid="reason-submit" ready={ready && (!asks || !!reason.trim())} />
    </form>
  )
}
