// Photographs and reports for the doctor: sent with their progress, shown, removed again.
import { useState } from 'preact/hooks'
import { remove, toProblem, type Problem } from '../shared/api'
import type { Document, MyTicket } from '../shared/wire'
import { problemText } from '../shared/words'
import { ticket } from './state'
import { ACCEPTED, unfitFile, upload } from './upload'
import { t } from './words'

interface Sending {
  readonly name: string
  readonly share: number
}

function change(documents: readonly Document[]): void {
  if (ticket.value) ticket.value = { ...ticket.value, documents: [...documents] }
}

function Sent({ document, number, drop }: { document: Document; number: number; drop: () => void }) {
  const kind = document.media_type === 'application/pdf' ? t('report', number) : t('photo', number)
  return (
    <li class="row" data-testid="document">
      <span class="mark ok" aria-hidden="true">
        ✓
      </span>
      <div>
        {kind}
        <small>{t('documentSent')}</small>
      </div>
      <button data-testid="document-remove" aria-label={t('removeDocument', kind)} onClick={drop}>
        {t('remove')}
      </button>
    </li>
  )
}

function useDocuments(documents: readonly Document[]) {
  const [sending, setSending] = useState<Sending | null>(null)
  const [wrong, setWrong] = useState<Problem | ReturnType<typeof unfitFile>>(null)
  const send = async (file: File): Promise<void> => {
    const unfit = unfitFile(file)
    setWrong(unfit)
    if (unfit) return
    setSending({ name: file.name, share: 0 })
    try {
      const sent = await upload(file, (share) => setSending({ name: file.name, share }))
      change([...documents, sent])
    } catch (error) {
      setWrong(toProblem(error))
    }
    setSending(null)
  }
  const drop = (id: string): void => {
    setWrong(null)
    remove(`/ticket/documents/${id}`).then(
      () => change(documents.filter((each) => each.id !== id)),
      (error: unknown) => setWrong(toProblem(error)),
    )
  }
  return { sending, wrong, send, drop }
}

export function Documents({ mine }: { mine: MyTicket }) {
  const { documents } = mine
  const { sending, wrong, send, drop } = useDocuments(documents)
  return (
    <div class="documents">
      <ul class="parts">
        {documents.map((document, place) => (
          <Sent key={document.id} document={document} number={place + 1} drop={() => drop(document.id)} />
        ))}
      </ul>
      {sending && (
        <label class="sending">
          {t('sending', Math.round(sending.share * 100))}
          <progress data-testid="upload-progress" max={1} value={sending.share} />
        </label>
      )}
      {wrong && (
        <p class="wrong" role="alert" data-testid="upload-wrong">
          {typeof wrong === 'string' ? t(`file_${wrong}`) : problemText(wrong)}
        </p>
      )}
      <label class={sending ? 'button file off' : 'button file'}>
        ＋ {t('addDocument')}
        <input
          type="file"
          class="visually-hidden"
          data-testid="upload"
          accept={ACCEPTED}
          disabled={sending !== null}
          onChange={(event) => {
            const file = event.currentTarget.files?.[0]
            event.currentTarget.value = '' // the same file may be chosen again
            if (file) void send(file)
          }}
        />
      </label>
      <p class="soft hint">{t('addDocumentHint')}</p>
    </div>
  )
}
