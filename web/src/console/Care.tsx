// What this visit may be by the rules: what the doctor attests, and what is missing, with rule and article.
import { useState } from 'preact/hooks'
import { post } from '../shared/api'
import { clockTime } from '../shared/time'
import { Dialog } from '../shared/ui/Dialog'
import { Field } from '../shared/ui/Field'
import { FormEnd } from '../shared/ui/FormEnd'
import { Rules } from '../shared/ui/Refusal'
import { useAct } from '../shared/ui/useAct'
import type { Visit } from '../shared/wire'
import { t } from './words'

function DiagnosisDialog({ visit, close }: { visit: Visit; close: () => void }) {
  const [document, setDocument] = useState(visit.documents[0]?.id ?? '')
  const [note, setNote] = useState('')
  const { busy, problem, run } = useAct()
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    const seen = document ? { document_id: document } : { note: note.trim() }
    void run(() => post(`/visits/${visit.id}/prior-diagnosis`, seen)).then((done) => done && close())
  }
  return (
    <Dialog title={t('attestDiagnosis')} close={close} testid="diagnosis-dialog">
      <form class="stack" onSubmit={submit}>
        <p class="soft">{t('attestMeans')}</p>
        <fieldset class="choices">
          <legend>{t('seenWhere')}</legend>
          {visit.documents.map((each, place) => (
            <label>
              <input type="radio" name="where" checked={document === each.id} onChange={() => setDocument(each.id)} />
              {each.media_type.startsWith('image/') ? t('photoNo', place + 1) : t('reportNo', place + 1)}
            </label>
          ))}
          <label>
            <input type="radio" name="where" checked={document === ''} onChange={() => setDocument('')} />
            {t('seenElsewhere')}
          </label>
        </fieldset>
        {!document && (
          <Field label={t('seenNote')}>
            <input data-testid="diagnosis-note" required maxLength={500} value={note} autocomplete="off" onInput={(event: InputEvent) => setNote((event.currentTarget as HTMLInputElement).value)} />
          </Field>
        )}
        <FormEnd problem={problem} busy={busy} back={close} backText={t('cancel')} sendText={t('attest')} testid="diagnosis-submit" />
      </form>
    </Dialog>
  )
}

function GuardianDialog({ visit, close }: { visit: Visit; close: () => void }) {
  const [name, setName] = useState(visit.guardian?.name ?? visit.guardian_named ?? '')
  const { busy, problem, run } = useAct()
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    void run(() => post(`/visits/${visit.id}/guardian`, { name: name.trim(), present: true })).then((done) => done && close())
  }
  return (
    <Dialog title={t('guardianHere')} close={close} testid="guardian-dialog">
      <form class="stack" onSubmit={submit}>
        <p class="soft">{t('guardianMeans')}</p>
        <Field label={t('guardianName')}>
          <input data-testid="guardian-name" required maxLength={60} value={name} autocomplete="off" onInput={(event: InputEvent) => setName((event.currentTarget as HTMLInputElement).value)} />
        </Field>
        <FormEnd problem={problem} busy={busy} back={close} backText={t('cancel')} sendText={t('attest')} testid="guardian-submit" ready={!!name.trim()} />
      </form>
    </Dialog>
  )
}

function missing(visit: Visit, rule: string): boolean {
  return visit.state === 'in_visit' && visit.care.refused.some((refusal) => refusal.rule === rule)
}

export function Care({ visit }: { visit: Visit }) {
  const [asking, setAsking] = useState<'diagnosis' | 'guardian' | null>(null)
  const close = (): void => setAsking(null)
  const { care, prior_diagnosis: seen, guardian } = visit
  return (
    <section class="care" aria-label={t('care')} data-testid="care" data-level={care.level}>
      <span class={care.level === 'treatment' ? 'tag ok' : 'tag warn'}>{t(`care_${care.level}`)}</span>
      {seen && <span class="tag ok">✓ {t('diagnosisSeen', clockTime(seen.attested_at))}</span>}
      {guardian?.present && <span class="tag ok">✓ {t('guardianSeen', guardian.name)}</span>}
      {missing(visit, 'prior-diagnosis') && (
        <button data-testid="attest-diagnosis" onClick={() => setAsking('diagnosis')}>
          {t('attestDiagnosis')}
        </button>
      )}
      {missing(visit, 'guardian-present') && (
        <button data-testid="attest-guardian" onClick={() => setAsking('guardian')}>
          {t('guardianHere')}
        </button>
      )}
      {care.refused.length > 0 && (
        <details>
          <summary>{t('whyRefused', care.refused.length)}</summary>
          <Rules refusals={care.refused} />
        </details>
      )}
      {asking === 'diagnosis' && <DiagnosisDialog visit={visit} close={close} />}
      {asking === 'guardian' && <GuardianDialog visit={visit} close={close} />}
    </section>
  )
}
