// Somebody like that is known: this is the one, or somebody else. What was typed stays behind it.
import { useEffect, useRef } from 'preact/hooks'
import type { Problem } from '../shared/api'
import { dateOf, dateOnly } from '../shared/time'
import type { Candidate } from '../shared/wire'
import { t } from './words'

/** What is said of who it is, as the booking carries it. */
export type Choice = { patient_id?: string; new?: boolean }

/** Null where the refusal is another one. */
export function candidatesOf(problem: Problem | null): Candidate[] | null {
  return problem?.slug === 'known-patient' ? (problem.extras['candidates'] as Candidate[]) : null
}

function seen({ last_visit, serial }: Candidate): string {
  const visit = last_visit ? t('knownLastVisit', dateOf(last_visit)) : t('knownNoVisit')
  return serial === null ? visit : `${visit} · ${t('knownHolds', serial)}`
}

function One({ candidate, busy, choose }: { candidate: Candidate; busy: boolean; choose: () => void }) {
  return (
    <li>
      <button data-testid="known-this" disabled={busy} onClick={choose}>
        <b>
          {candidate.name} · {t(`sex_${candidate.sex}`)} · {dateOnly(candidate.birth_date)}
        </b>
        <small>{seen(candidate)}</small>
        <small>{t(candidate.same_phone ? 'knownSamePhone' : 'knownOtherPhone', candidate.phone)}</small>
        <span class="link-like">{t('knownThis')}</span>
      </button>
    </li>
  )
}

interface Props {
  candidates: readonly Candidate[]
  busy: boolean
  choose: (choice: Choice) => void
  back: () => void
}

export function KnownPatient({ candidates, busy, choose, back }: Props) {
  const question = useRef<HTMLHeadingElement>(null)
  useEffect(() => question.current?.focus(), []) // so that it is read first, and Tab goes through the answers
  return (
    <div class="stack" data-testid="known">
      <h3 ref={question} tabIndex={-1}>
        {t('knownTitle')}
      </h3>
      <p class="soft">{t('knownMeans')}</p>
      <ul class="action-list known">
        {candidates.map((each) => (
          <One key={each.id} candidate={each} busy={busy} choose={() => choose({ patient_id: each.id })} />
        ))}
      </ul>
      <div class="actions">
        <button onClick={back}>{t('back')}</button>
        <button data-testid="known-new" disabled={busy} onClick={() => choose({ new: true })}>
          {t('knownNew')}
        </button>
      </div>
    </div>
  )
}
