// A place has become free and is held for whoever got this link: who it is, the birth date shows.
import { useEffect, useState } from 'preact/hooks'
import { post, toProblem, type Problem } from '../shared/api'
import { clockTime, dayAndTime } from '../shared/time'
import { Field } from '../shared/ui/Field'
import { Refusal } from '../shared/ui/Refusal'
import { useAct } from '../shared/ui/useAct'
import { problemText } from '../shared/words'
import { step, type Booked, type Hours } from './state'
import { t } from './words'
import { When } from './When'

interface Offer extends Hours {
  doctor: { name: string }
  until: string | null
  tries_left: number
}

function wrongDate(problem: Problem | null): string | null {
  const left = problem?.number('tries_left') ?? null
  return left === null ? null : t('offerTries', left)
}

function Accept({ token, offer }: { token: string; offer: Offer }) {
  const [born, setBorn] = useState('')
  const { busy, problem, run } = useAct()
  const accept = async (): Promise<void> => {
    const booked = await post<Booked>('/offers/accept', { token, birth_date: born })
    step.value = { at: 'booked', booked, phone: null }
  }
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    void run(accept)
  }
  const wrong = wrongDate(problem)
  return (
    <form class="stack" data-testid="offer" onSubmit={submit}>
      <When doctor={offer.doctor.name} hours={offer} />
      {offer.until && <p class="message">{t('offerUntil', dayAndTime(offer.until))}</p>}
      <Field label={t('birthDate')} wrong={wrong}>
        <input data-testid="offer-birth-date" type="date" min="1900-01-01" required value={born} autocomplete="bday" onInput={(event: InputEvent) => setBorn((event.currentTarget as HTMLInputElement).value)} />
      </Field>
      {!wrong && <Refusal problem={problem} />}
      <button class="primary" data-testid="offer-accept" disabled={busy || !born}>
        {t('offerAccept')}
      </button>
      <p class="soft">{t('offerLeave', clockTime(offer.opens_at))}</p>
    </form>
  )
}

export function OfferPage({ token }: { token: string }) {
  const [offer, setOffer] = useState<Offer | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  useEffect(() => {
    post<Offer>('/offers/look', { token }).then(setOffer, (error: unknown) => setProblem(toProblem(error)))
  }, [token])
  if (offer) return <Accept token={token} offer={offer} />
  if (!problem) return <p class="loading">{t('loading')}</p>
  return (
    <div class="stack" role="alert" data-testid="offer-over">
      <p>{problem.slug === 'offer-over' ? t('offerOver') : problemText(problem)}</p>
      <button class="primary" onClick={() => (step.value = { at: 'department' })}>
        {t('bookAgain')}
      </button>
    </div>
  )
}
