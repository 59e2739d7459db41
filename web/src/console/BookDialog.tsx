// Books a patient into the session: the server issues the number and sends the link.
import { useState } from 'preact/hooks'
import { post, toProblem, type Problem } from '../shared/api'
import { ageOn } from '../shared/day'
import { language } from '../shared/language'
import { Dialog } from '../shared/ui/Dialog'
import { Field } from '../shared/ui/Field'
import type { Session, TicketRow } from '../shared/wire'
import { problemText } from '../shared/words'
import { candidatesOf, KnownPatient, type Choice } from './KnownPatient'
import { t } from './words'

const FIELDS = ['name', 'sex', 'birth_date', 'phone', 'email', 'kind', 'guardian', 'locale'] as const
const OWN_WORDS: readonly string[] = ['name', 'sex', 'birth_date', 'phone']
const CHILD = 18
type FieldName = (typeof FIELDS)[number]

function refusal(problem: Problem | null, field: FieldName): string | null {
  if (problem?.field !== field) return null
  return OWN_WORDS.includes(field) ? t(`wrong_${field as 'name'}`) : problem.detail
}

function Booked({ ticket, again, close }: { ticket: TicketRow; again: () => void; close: () => void }) {
  return (
    <div class="stack" role="status" data-testid="booked">
      <p>{t('bookedText', ticket.patient.name)}</p>
      <p class="big-number num" data-testid="booked-serial">
        {ticket.serial}
      </p>
      <div class="actions">
        <button onClick={again}>{t('bookAnother')}</button>
        <button class="primary" data-testid="booked-close" onClick={close}>
          {t('close')}
        </button>
      </div>
    </div>
  )
}

function Kind({ session, problem }: { session: Session; problem: Problem | null }) {
  if (!session.kinds.length) return null
  return (
    <Field label={t('kind')} wrong={refusal(problem, 'kind')}>
      <select name="kind" data-testid="book-kind">
        {session.kinds.map((kind) => (
          <option value={kind}>{t(`kind_${kind}`)}</option>
        ))}
      </select>
    </Field>
  )
}

function Fields({ session, problem }: { session: Session; problem: Problem | null }) {
  const [born, setBorn] = useState('') // a field that comes with it has a key, as those below: none takes another's input
  const today = new Date().toISOString().slice(0, 10)
  return (
    <>
      <Field label={t('name')} wrong={refusal(problem, 'name')}>
        <input name="name" data-testid="book-name" required maxLength={120} autocomplete="off" />
      </Field>
      <Field label={t('sex')} wrong={refusal(problem, 'sex')}>
        <select name="sex" data-testid="book-sex" required>
          <option value="female">{t('sex_female')}</option>
          <option value="male">{t('sex_male')}</option>
          <option value="other">{t('sex_other')}</option>
          <option value="unknown">{t('sex_unknown')}</option>
        </select>
      </Field>
      <Field label={t('birthDate')} wrong={refusal(problem, 'birth_date')}>
        <input name="birth_date" data-testid="book-birth-date" type="date" min="1900-01-01" max={today} required onInput={(event: InputEvent) => setBorn((event.currentTarget as HTMLInputElement).value)} />
      </Field>
      {born && ageOn(born, today) < CHILD && (
        <Field key="guardian" label={t('guardianName')} wrong={refusal(problem, 'guardian')}>
          <input name="guardian" data-testid="book-guardian" maxLength={60} autocomplete="off" />
        </Field>
      )}
      <Field key="phone" label={t('phone')} wrong={refusal(problem, 'phone')}>
        <input name="phone" data-testid="book-phone" type="tel" required autocomplete="off" placeholder="138 0013 8000" />
      </Field>
      <Field key="email" label={t('email')} wrong={refusal(problem, 'email')}>
        <input name="email" data-testid="book-email" type="email" maxLength={254} autocomplete="off" />
      </Field>
      <Kind session={session} problem={problem} />
      <Field label={t('messageLanguage')}>
        <select name="locale" data-testid="book-locale" value={language.value}>
          <option value="zh-CN" lang="zh-CN">
            中文
          </option>
          <option value="en" lang="en">
            English
          </option>
        </select>
      </Field>
    </>
  )
}

type Person = Record<string, string>

function typed(form: HTMLFormElement): Person {
  const data = new FormData(form)
  const told = FIELDS.map((field) => [field, String(data.get(field) ?? '').trim()] as const)
  return Object.fromEntries(told.filter(([, value]) => value !== '')) // what is empty was not asked for
}

export function BookDialog({ session, close }: { session: Session; close: () => void }) {
  const [problem, setProblem] = useState<Problem | null>(null)
  const [ticket, setTicket] = useState<TicketRow | null>(null)
  const [person, setPerson] = useState<Person>({})
  const [busy, setBusy] = useState(false)
  const book = async (who: Person, choice: Choice = {}): Promise<void> => {
    setPerson(who)
    setBusy(true)
    try {
      setTicket((await post<{ ticket: TicketRow }>(`/sessions/${session.id}/tickets`, { ...who, ...choice })).ticket)
      setProblem(null)
    } catch (error) {
      setProblem(toProblem(error))
    } finally {
      setBusy(false)
    }
  }
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    void book(typed(event.currentTarget as HTMLFormElement))
  }
  const known = candidatesOf(problem)
  return (
    <Dialog title={t('bookTitle')} close={close} testid="book-dialog">
      {known && <KnownPatient candidates={known} busy={busy} choose={(choice) => void book(person, choice)} back={() => setProblem(null)} />}
      {ticket ? (
        <Booked ticket={ticket} again={() => setTicket(null)} close={close} />
      ) : (
        <form onSubmit={submit} hidden={known !== null} data-testid="book-form">
          <Fields session={session} problem={problem} />
          {problem && !known && !FIELDS.includes(problem.field as FieldName) && (
            <p class="wrong" role="alert">
              {problemText(problem)}
            </p>
          )}
          <div class="actions">
            <button type="button" onClick={close}>
              {t('cancel')}
            </button>
            <button class="primary" data-testid="book-submit" disabled={busy}>
              {t('bookSubmit')}
            </button>
          </div>
        </form>
      )}
    </Dialog>
  )
}
