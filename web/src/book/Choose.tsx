// The three choices before the person: department, doctor, session. Each is a list that says what to do when it is empty.
import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { get, toProblem, type Problem } from '../shared/api'
import { clockTime, dayOnly, timeZone } from '../shared/time'
import { Refusal } from '../shared/ui/Refusal'
import type { Department, DoctorCard, OpenSession } from '../shared/wire'
import { byDay } from '../shared/days'
import { departmentName } from '../shared/department'
import { doctorTitle, step } from './state'
import { t } from './words'

interface ListProps<T> {
  path: string
  empty: string
  children: (all: T[]) => ComponentChildren
}

function Loaded<T>({ path, empty, children }: ListProps<T>) {
  const [all, setAll] = useState<T[] | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  const load = (): void => {
    setProblem(null)
    get<T[]>(path).then(setAll, (error: unknown) => setProblem(toProblem(error)))
  }
  useEffect(load, [path])
  if (problem) {
    return (
      <div class="stack">
        <Refusal problem={problem} />
        <button onClick={load}>{t('retry')}</button>
      </div>
    )
  }
  if (!all) return <p class="loading">{t('loading')}</p>
  if (!all.length) return <p class="message">{empty}</p>
  return <>{children(all)}</>
}

export function Departments() {
  return (
    <Loaded<Department> path="/departments" empty={t('noDepartments')}>
      {(all) => (
        <ul class="options">
          {all.map((department) => (
            <li>
              <button data-testid="department" onClick={() => (step.value = { at: 'doctor', department })}>
                <b>{departmentName(department)}</b>
              </button>
            </li>
          ))}
        </ul>
      )}
    </Loaded>
  )
}

export function Doctors({ department }: { department: Department }) {
  return (
    <Loaded<DoctorCard> path={`/departments/${department.id}/doctors`} empty={t('noDoctors')}>
      {(all) => (
        <ul class="options">
          {all.map((doctor) => (
            <li>
              <button data-testid="doctor" onClick={() => (step.value = { at: 'session', department, doctor })}>
                <b>{doctor.name}</b>
                <small>{doctorTitle(doctor)}</small>
              </button>
            </li>
          ))}
        </ul>
      )}
    </Loaded>
  )
}

function places({ free }: OpenSession): string {
  if (free === null) return t('placesOpen')
  return free > 0 ? t('placesFree', free) : t('placesFull')
}

export function Sessions({ department, doctor }: { department: Department; doctor: DoctorCard }) {
  const choose = (session: OpenSession): void => {
    step.value = { at: 'person', department, doctor, session }
  }
  return (
    <Loaded<OpenSession> path={`/doctors/${doctor.id}/sessions`} empty={t('noSessions')}>
      {(all) =>
        byDay(all, timeZone.value).map(({ day, sessions }) => (
          <section>
            <h2>{dayOnly(day)}</h2>
            <ul class="options">
              {sessions.map((session) => (
                <li>
                  <button data-testid="session" data-free={session.free} onClick={() => choose(session)}>
                    <b class="num">
                      {clockTime(session.opens_at)}–{clockTime(session.closes_at)}
                    </b>
                    <small class={session.free === 0 ? 'full' : ''}>{places(session)}</small>
                  </button>
                </li>
              ))}
            </ul>
          </section>
        ))
      }
    </Loaded>
  )
}
