// The roster as the server has it; read again after every change, for a change may touch more than its own row.
import { signal } from '@preact/signals'
import { get, toProblem, type Problem } from '../shared/api'
import type { DepartmentRow, Holiday, Profile, Template } from '../shared/wire'

export interface Roster {
  readonly templates: readonly Template[]
  readonly holidays: readonly Holiday[]
  readonly doctors: readonly Profile[]
  readonly departments: readonly DepartmentRow[]
}

export const roster = signal<Roster | null>(null)
export const problem = signal<Problem | null>(null)

export async function load(): Promise<void> {
  try {
    const [templates, holidays, doctors, departments] = await Promise.all([
      get<Template[]>('/roster/templates'),
      get<Holiday[]>('/roster/holidays'),
      get<Profile[]>('/roster/doctors'),
      get<DepartmentRow[]>('/roster/departments'),
    ])
    roster.value = { templates, holidays, doctors, departments }
    problem.value = null
  } catch (error) {
    problem.value = toProblem(error)
  }
}
