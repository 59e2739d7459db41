// "Tell me by a notification of this browser": one button, and plain words where it cannot be. SMS stays as it is.
import { useEffect, useState } from 'preact/hooks'
import { Refusal } from '../ui/Refusal'
import { useAct } from '../ui/useAct'
import { pushState, startPush, stopPush, type PushState } from './push'
import { t } from './words'

interface Props {
  /** Where the subscription goes: the server knows by the cookie whose it is. */
  path: '/ticket/push' | '/push/subscribe'
  /** The id of whoever is told: of the ticket, or of the member of staff. */
  who: string
  /** Said where this hospital sends none; nothing otherwise. */
  absent?: string
}

const CANNOT: readonly PushState[] = ['unsupported', 'refused', 'unreachable']

export function PushButton({ path, who, absent }: Props) {
  const [state, setState] = useState<PushState | null>(null)
  const { busy, problem, run } = useAct()
  useEffect(() => {
    void pushState(who).then(setState, () => undefined)
  }, [who])
  if (state === 'absent') return absent ? <p data-testid="push-absent">{absent}</p> : null
  if (state === null) return null
  const change = (act: () => Promise<PushState>): void => void run(async () => setState(await act()))
  return (
    <div class="push" data-testid="push" data-state={state}>
      {(state === 'off' || state === 'unreachable') && (
        <button data-testid="push-start" disabled={busy} onClick={() => change(() => startPush(path, who))}>
          {t('start')}
        </button>
      )}
      <p class="soft hint" role="status">
        {state === 'off' && t('offMeans')}
        {state === 'on' && `✓ ${t('on')}`}
        {CANNOT.includes(state) && t(state as 'unsupported')}
      </p>
      {state === 'on' && (
        <button class="quiet" data-testid="push-stop" disabled={busy} onClick={() => change(stopPush)}>
          {t('stop')}
        </button>
      )}
      <Refusal problem={problem} />
    </div>
  )
}
