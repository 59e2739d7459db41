// One message opened: where from, the bytes, what was made of it, and the two ways out of quarantine.
import { useEffect, useState } from 'preact/hooks'
import { get, post, toProblem, type Problem } from '../shared/api'
import { dayAndTime } from '../shared/time'
import { Dialog } from '../shared/ui/Dialog'
import { Refusal } from '../shared/ui/Refusal'
import { useAct } from '../shared/ui/useAct'
import type { QuarantineDetail } from '../shared/wire'
import { Bytes } from './Bytes'
import { fromBase64 } from './bytes'
import { Correct } from './Correct'
import { reasonText } from './reasons'
import { bytesText, StateTag } from './Row'
import { t } from './words'

function Facts({ detail: { message, payload } }: { detail: QuarantineDetail }) {
  const kept = fromBase64(payload).length
  return (
    <div class="stack facts">
      <p class="head">
        <StateTag message={message} /> <b>{reasonText(message.reason)}</b> <bdi class="soft">{message.detail}</bdi>
      </p>
      <p>
        {message.device_id ?? t('noDevice')} · <bdi class="soft">{message.topic}</bdi> · <span class="num">{dayAndTime(message.received_at)}</span> · {bytesText(message.size)}
      </p>
      {kept < message.size && <p class="message">{t('notWhole', kept)}</p>}
      {message.taken > 0 && message.state === 'open' && <p class="message">{t('takenMeans', message.taken)}</p>}
      {message.settled_by && message.settled_at && (
        <p data-testid="settled">
          {t(message.state === 'replayed' ? 'replayedBy' : 'dismissedBy', message.settled_by, dayAndTime(message.settled_at))} {message.why && <bdi>“{message.why}”</bdi>}
        </p>
      )}
    </div>
  )
}

function Copies({ detail }: { detail: QuarantineDetail }) {
  return (
    <>
      {detail.copies.map((copy) => (
        <Bytes key={copy.number} bytes={fromBase64(copy.payload)} label={t('copyBy', copy.number, copy.written_by, dayAndTime(copy.written_at))} />
      ))}
    </>
  )
}

function Dismiss({ id, done }: { id: string; done: () => void }) {
  const { busy, problem, run } = useAct()
  const [why, setWhy] = useState('')
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault()
        void run(() => post(`/quarantine/${id}/dismiss`, { why })).then((ok) => ok && done())
      }}
    >
      <label class="field">
        <span>{t('why')}</span>
        <input required maxLength={300} data-testid="dismiss-why" value={why} onInput={(event) => setWhy(event.currentTarget.value)} />
      </label>
      <Refusal problem={problem} />
      <div class="actions">
        <button class="danger" data-testid="dismiss" disabled={busy || !why.trim()}>
          {t('dismiss')}
        </button>
      </div>
    </form>
  )
}

function Ways({ detail, replayed, dismissed }: { detail: QuarantineDetail; replayed: (taken: number) => void; dismissed: () => void }) {
  const { message } = detail
  if (message.state !== 'open') return null
  return (
    <>
      {message.taken === 0 && message.device_id !== null && (
        <details data-testid="correct-section">
          <summary>{t('correct')}</summary>
          <Correct detail={detail} done={replayed} />
        </details>
      )}
      <details data-testid="dismiss-section">
        <summary>{t('dismissTitle')}</summary>
        <Dismiss id={message.id} done={dismissed} />
      </details>
    </>
  )
}

export function Open({ id, close }: { id: string; close: () => void }) {
  const [detail, setDetail] = useState<QuarantineDetail | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  const [taken, setTaken] = useState<number | null>(null)
  const load = (): void => void get<QuarantineDetail>(`/quarantine/${id}`).then(setDetail, (error: unknown) => setProblem(toProblem(error)))
  useEffect(load, [id])
  return (
    <Dialog title={t('message')} close={close} testid="quarantine-dialog">
      {!detail && !problem && <p class="loading">{t('loading')}</p>}
      <Refusal problem={problem} />
      {taken !== null && (
        <p class="message ok" role="status" data-testid="replayed">
          {t('replayed', taken)}
        </p>
      )}
      {detail && (
        <>
          <Facts detail={detail} />
          <Bytes bytes={fromBase64(detail.payload)} label={t('original')} />
          <Copies detail={detail} />
          <Ways
            detail={detail}
            replayed={(count) => {
              setTaken(count)
              load()
            }}
            dismissed={close}
          />
        </>
      )}
      <div class="actions">
        <button data-testid="quarantine-close" onClick={close}>
          {t('close')}
        </button>
      </div>
    </Dialog>
  )
}
