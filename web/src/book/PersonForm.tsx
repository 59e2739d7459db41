// Who comes: no account, five fields, and a guardian where it is a child. The server's refusal stands at its field.
import { useState } from 'preact/hooks'
import { post, toProblem, type Problem } from '../shared/api'
import { language } from '../shared/language'
import { Field } from '../shared/ui/Field'
import { Refusal } from '../shared/ui/Refusal'
import type { DoctorCard, OpenSession } from '../shared/wire'
import { ageOn } from '../shared/day'
import { step, type Booked, type Hours } from './state'
import { t } from './words'

const FIELDS = ['name', 'sex', 'birth_date', 'phone', 'guardian'] as const
type FieldName = (typeof FIELDS)[number]
const CHILD = 18
type Told = Record<string, string>
const SEXES = ['female', 'male', 'other', 'unknown'] as const

function wrong(problem: Problem | null, field: FieldName): string | null {
  return problem?.field === field ? t(`wrong_${field}`) : null
}

function Kinds({ session }: { session: OpenSession }) {
  if (!session.kinds.length) return null
  return (
    <fieldset class="choices">
      <legend>{t('kind')}</legend>
      {session.kinds.map(({ kind }, place) => (
        <label>
          <input type="radio" name="kind" value={kind} defaultChecked={place === 0} data-testid={`kind-${kind}`} />
          {t(`kind_${kind}`)}
        </label>
      ))}
    </fieldset>
  )
}

function Person({ problem, born, setBorn }: { problem: Problem | null; born: string; setBorn: (date: string) => void }) {
  const today = new Date().toISOString().slice(0, 10)
  return (
    <>
      <Field label={t('name')} wrong={wrong(problem, 'name')}>
        <input name="name" data-testid="person-name" required maxLength={120} autocomplete="name" />
      </Field>
      <Field label={t('sex')} wrong={wrong(problem, 'sex')}>
        <select name="sex" data-testid="person-sex" required autocomplete="sex">
          {SEXES.map((sex) => (
            <option value={sex}>{t(`sex_${sex}`)}</option>
          ))}
        </select>
      </Field>
      <Field label={t('birthDate')} wrong={wrong(problem, 'birth_date')}>
        <input name="birth_date" data-testid="person-birth-date" type="date" min="1900-01-01" max={today} required autocomplete="bday" onInput={(event: InputEvent) => setBorn((event.currentTarget as HTMLInputElement).value)} />
      </Field>
      {born && ageOn(born, today) < CHILD && (
        <Field key="guardian" label={t('guardian')} wrong={wrong(problem, 'guardian')}>
          <input name="guardian" data-testid="person-guardian" required maxLength={60} autocomplete="off" />
        </Field>
      )}
      <Field key="phone" label={t('phone')} wrong={wrong(problem, 'phone')}>
        <input name="phone" data-testid="person-phone" type="tel" required maxLength={64} autocomplete="tel" />
      </Field>
      <p class="soft small">{t('phoneWhy')}</p>
    </>
  )
}

/** Only what was filled in: a guardian or a kind that is not asked for is not sent. */
function body(form: FormData): Told {
  const told = Object.fromEntries([...form].map(([name, value]) => [name, String(value).trim()]))
  return { ...told, locale: language.value }
}

export function PersonForm({ doctor, session }: { doctor: DoctorCard; session: OpenSession }) {
  const [problem, setProblem] = useState<Problem | null>(null)
  const [busy, setBusy] = useState(false)
  const [born, setBorn] = useState('')
  const full = session.free === 0
  const book = async (told: Told): Promise<void> => {
    const booked = await post<Booked>('/bookings', { session_id: session.id, ...told })
    step.value = { at: 'booked', booked, phone: told['phone'] ?? null }
  }
  const list = async (told: Told): Promise<void> => {
    const hours = await post<Hours>(`/sessions/${session.id}/waiting-list`, told)
    step.value = { at: 'listed', hours, doctor, phone: told['phone'] ?? '' }
  }
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault()
    const told = body(new FormData(event.currentTarget as HTMLFormElement))
    setBusy(true)
    setProblem(null)
    try {
      await (full ? list(told) : book(told))
    } catch (error) {
      setProblem(toProblem(error))
      setBusy(false)
    }
  }
  return (
    <form class="stack" data-testid="person-form" onSubmit={(event) => void submit(event)}>
      {full && <p class="message">{t('fullMeans')}</p>}
      <Kinds session={session} />
      <Person problem={problem} born={born} setBorn={setBorn} />
      {problem && !FIELDS.includes(problem.field as FieldName) && <Refusal problem={problem} />}
      <button class="primary" data-testid="person-submit" disabled={busy}>
        {full ? t('list') : t('bookIt')}
      </button>
    </form>
  )
}
