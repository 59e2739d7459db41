// Whom a chooser offers: today's patients in the lines that this person may see, or who is found by what is typed.
import { useEffect, useState } from 'preact/hooks'
import { get, toProblem, type Problem } from '../api'
import type { Line, PatientFound, Session } from '../wire'

const LINES = 24 // of one day; who is not among them is found by typing
const RESTS_MS = 250

async function ofToday(): Promise<PatientFound[]> {
  const sessions = await get<Session[]>('/sessions')
  const lines = await Promise.all(sessions.slice(0, LINES).map(({ id }) => get<Line>(`/sessions/${id}/line`).catch(() => null)))
  const found = new Map<string, PatientFound>()
  for (const line of lines)
    for (const { patient, serial } of line?.tickets ?? []) {
      const { id, name, birth_date } = patient
      found.set(id, { id, name, birth_date, phone_end: '', serials: [...(found.get(id)?.serials ?? []), serial] })
    }
  return [...found.values()].sort((a, b) => a.name.localeCompare(b.name))
}

const asked = (words: string): Promise<PatientFound[]> => (words ? get<PatientFound[]>(`/patients?search=${encodeURIComponent(words)}`) : ofToday())

/** Asked for when the fingers rest; an answer to older words is passed over. */
export function usePatients(words: string) {
  const [patients, setPatients] = useState<readonly PatientFound[] | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  useEffect(() => {
    let gone = false
    const found = (next: PatientFound[]): void => {
      if (gone) return
      setPatients(next)
      setProblem(null)
    }
    const timer = setTimeout(() => void asked(words).then(found, (error: unknown) => gone || setProblem(toProblem(error))), words ? RESTS_MS : 0)
    return () => {
      gone = true
      clearTimeout(timer)
    }
  }, [words])
  return { patients, problem }
}
