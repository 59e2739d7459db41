// One of today's patients, by name: those in the lines that this person may see.
import { useEffect, useState } from 'preact/hooks'
import { get, toProblem, type Problem } from '../api'
import { dateOnly } from '../time'
import type { Line, Session } from '../wire'
import { t } from '../words'
import { Refusal } from './Refusal'

export interface Patient {
  readonly id: string
  readonly name: string
  readonly birth_date: string
}
const LINES = 24 // of one day; a hospital with more narrows by doctor in the console

async function todaysPatients(): Promise<Patient[]> {
  const sessions = await get<Session[]>('/sessions')
  const lines = await Promise.all(sessions.slice(0, LINES).map(({ id }) => get<Line>(`/sessions/${id}/line`).catch(() => null)))
  const found = new Map<string, Patient>()
  for (const line of lines) for (const { patient } of line?.tickets ?? []) found.set(patient.id, patient)
  return [...found.values()].sort((a, b) => a.name.localeCompare(b.name))
}

export function ChoosePatient({ chosen, choose }: { chosen: string; choose: (id: string) => void }) {
  const [patients, setPatients] = useState<readonly Patient[] | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  useEffect(() => void todaysPatients().then(setPatients, (error: unknown) => setProblem(toProblem(error))), [])
  if (problem) return <Refusal problem={problem} />
  if (!patients) return <p class="soft">{t('loading')}</p>
  if (!patients.length) return <p class="soft" data-testid="no-patients">{t('noPatients')}</p>
  return (
    <label class="field">
      <span>{t('patient')}</span>
      <select required data-testid="choose-patient" value={chosen} onChange={(event) => choose(event.currentTarget.value)}>
        <option value="">{t('choosePatient')}</option>
        {patients.map((patient) => (
          <option value={patient.id}>
            {patient.name} · {dateOnly(patient.birth_date)}
          </option>
        ))}
      </select>
    </label>
  )
}
