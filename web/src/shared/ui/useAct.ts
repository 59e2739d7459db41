// One thing that a button does: busy while it lasts, its refusal kept until the next try.
import { useState } from 'preact/hooks'
import { toProblem, type Problem } from '../api'

export interface Act {
  readonly busy: boolean
  readonly problem: Problem | null
  /** Runs it, unless one runs already; true when it was done. */
  run: (act: () => Promise<unknown>) => Promise<boolean>
  forget: () => void
}

export function useAct(): Act {
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem | null>(null)
  const run = async (act: () => Promise<unknown>): Promise<boolean> => {
    if (busy) return false
    setBusy(true)
    setProblem(null)
    const refused = await act().then(
      () => null,
      (error: unknown) => toProblem(error),
    )
    setProblem(refused)
    setBusy(false)
    return refused === null
  }
  return { busy, problem, run, forget: () => setProblem(null) }
}
