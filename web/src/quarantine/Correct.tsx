// A corrected copy: as text, or as hex where the bytes are none. What would be taken is shown before anything is stored.
import { useState } from 'preact/hooks'
import { post } from '../shared/api'
import { dayLong, exactTime } from '../shared/time'
import { Refusal } from '../shared/ui/Refusal'
import { useAct } from '../shared/ui/useAct'
import type { QuarantineDetail, Reread } from '../shared/wire'
import { asText, fromBase64, fromHex, toBase64, toHex } from './bytes'
import { metricText, reasonText } from './reasons'
import { t } from './words'

interface Props {
  detail: QuarantineDetail
  done: (taken: number) => void
}

/** What is sent: null content where nobody has touched it. */
function useDraft(detail: QuarantineDetail) {
  const newest = detail.copies[detail.copies.length - 1]
  const bytes = fromBase64(newest?.payload ?? detail.payload)
  const decoded = asText(bytes)
  const before = decoded ?? toHex(bytes)
  const [draft, setDraft] = useState(before)
  const [format, setFormat] = useState(newest?.format ?? '')
  const edited = decoded === null ? fromHex(draft) : new TextEncoder().encode(draft)
  const touched = draft !== before || newest !== undefined
  const content = edited && touched ? toBase64(edited) : null
  return { draft, setDraft, format, setFormat, hex: decoded === null, wrong: edited === null, touched, body: { content, format: format.trim() || null } }
}

function Seen({ seen }: { seen: Reread }) {
  return (
    <div class="message ok" data-testid="reread" role="status">
      <b>{t('wouldTake', seen.taken.length)}</b>
      <ul>
        {seen.taken.slice(0, 20).map((reading) => (
          <li class="num">
            {metricText(reading.metric)} {reading.comparator ?? ''} {reading.value} {reading.unit} · {dayLong(reading.at)}, {exactTime(reading.at)}
          </li>
        ))}
        {seen.refused.slice(0, 20).map((refusal) => (
          <li class="wrong">
            {refusal.metric !== null && `${metricText(refusal.metric)} `}
            {reasonText(refusal.reason)} {refusal.detail}
          </li>
        ))}
      </ul>
    </div>
  )
}

export function Correct({ detail, done }: Props) {
  const { message } = detail
  const own = useDraft(detail)
  const check = useAct()
  const replay = useAct()
  const [seen, setSeen] = useState<Reread | null>(null)
  const ask = (path: 'check' | 'replay') => post<Reread>(`/quarantine/${message.id}/${path}`, own.body)
  const change = (act: () => void): void => {
    act()
    setSeen(null)
    check.forget()
  }
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault()
        void check.run(async () => setSeen(await ask('check')))
      }}
    >
      <label class="field">
        <span>{own.hex ? t('correctHex') : t('correctText')}</span>
        <textarea class="draft" rows={8} spellcheck={false} autocapitalize="off" data-testid="draft" value={own.draft} aria-invalid={own.wrong ? 'true' : undefined} onInput={(event) => { const text = event.currentTarget.value; change(() => own.setDraft(text)) }} />
        {own.wrong && <small class="wrong">{t('wrongHex')}</small>}
      </label>
      <label class="field">
        <span>{t('otherFormat')}</span>
        <input data-testid="draft-format" maxLength={64} value={own.format} placeholder="readings, senml, fhir …" onInput={(event) => { const text = event.currentTarget.value; change(() => own.setFormat(text)) }} />
      </label>
      <p class="small soft">{own.touched || own.format ? t('correctMeans') : t('untouchedMeans')}</p>
      <Refusal problem={check.problem ?? replay.problem} />
      {check.problem?.slug === 'nothing-to-take' && <p class="wrong">{reasonText(String(check.problem.extras['reason']))}</p>}
      {seen && <Seen seen={seen} />}
      <div class="actions">
        <button data-testid="check" disabled={check.busy || own.wrong}>
          {t('check')}
        </button>
        <button type="button" class="primary" data-testid="replay" disabled={seen === null || replay.busy} onClick={() => void replay.run(async () => done((await ask('replay')).taken.length))}>
          {t('replay')}
        </button>
      </div>
    </form>
  )
}
