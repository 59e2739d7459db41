// The second check: three number fields, easy on a phone for a person of seventy; says how many tries are left.
import { useState } from 'preact/hooks'
import { Problem, toProblem } from '../shared/api'
import { now } from '../shared/clock'
import type { Look } from '../shared/wire'
import { problemText } from '../shared/words'
import { birthDate } from './birth'
import { check } from './state'
import { t } from './words'

const PARTS = ['year', 'month', 'day'] as const

function refusal(problem: Problem, waitUntil: number): string {
  const left = problem.number('tries_left')
  if (left !== null) return t('triesLeft', left)
  if (problem.slug === 'too-many-tries') return `${problemText(problem)} ${t('waitSeconds', Math.max(0, Math.ceil((waitUntil - now.value) / 1000)))}`
  return problemText(problem)
}

export function Birth({ look }: { look: Look }) {
  const [wrong, setWrong] = useState<Problem | 'impossible' | null>(null)
  const [waitUntil, setWaitUntil] = useState(0)
  const [busy, setBusy] = useState(false)
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault()
    const form = new FormData(event.currentTarget as HTMLFormElement)
    const [year, month, day] = PARTS.map((part) => String(form.get(part) ?? '').trim()) as [string, string, string]
    const date = birthDate(year, month, day, new Date().toISOString().slice(0, 10))
    if (!date) return setWrong('impossible')
    setBusy(true)
    setWrong(null)
    await check(date).catch((error: unknown) => {
      const problem = toProblem(error)
      setWaitUntil(now.value + (problem.number('retry_after_s') ?? 0) * 1000)
      setWrong(problem)
    })
    setBusy(false)
  }
  return (
    <form class="card" data-testid="birth" onSubmit={(event) => void submit(event)} noValidate>
      <h1>{t('birthTitle')}</h1>
      <p class="soft">{t('birthWhy')}</p>
      <div class="birth-parts">
        {PARTS.map((part) => (
          <label class={`field ${part}`}>
            <span>{t(part)}</span>
            <input
              name={part}
              data-testid={`birth-${part}`}
              inputMode="numeric"
              maxLength={part === 'year' ? 4 : 2}
              autocomplete={part === 'year' ? 'bday-year' : part === 'month' ? 'bday-month' : 'bday-day'}
              placeholder={part === 'year' ? '1958' : part === 'month' ? '3' : '25'}
            />
          </label>
        ))}
      </div>
      <p class="message bad" role="alert" data-testid="birth-wrong" hidden={!wrong}>
        {wrong === 'impossible' ? t('birthImpossible') : wrong && refusal(wrong, waitUntil)}
      </p>
      {look.tries_left < 5 && !wrong && <p class="soft">{t('triesLeft', look.tries_left)}</p>}
      <button class="primary" data-testid="birth-submit" disabled={busy || waitUntil > now.value}>
        {t('continue')}
      </button>
    </form>
  )
}
