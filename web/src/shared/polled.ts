// What is asked for again and again instead of watched: the last answer, when it came, and what stands in the way now.
import { useEffect, useState } from 'preact/hooks'
import { get, toProblem, type Problem } from './api'

export interface Polled<T> {
  readonly value: T | null
  /** By this machine's clock, milliseconds since the epoch; null before the first answer. */
  readonly heardAt: number | null
  readonly problem: Problem | null
}

/** Nothing heard for three rounds: what stands there must not be taken for new. */
export function isOld(polled: Polled<unknown>, everyMs: number, nowMs: number): boolean {
  return polled.heardAt !== null && nowMs - polled.heardAt > 3 * everyMs + 1_000
}

/** Asks at once, then every `everyMs`, and whenever `again` is called. */
export function usePolled<T>(path: string, everyMs: number): Polled<T> & { again: () => void } {
  const [polled, setPolled] = useState<Polled<T>>({ value: null, heardAt: null, problem: null })
  const [turn, setTurn] = useState(0)
  useEffect(() => {
    let gone = false
    const ask = (): void => {
      get<T>(path).then(
        (value) => gone || setPolled({ value, heardAt: Date.now(), problem: null }),
        (error: unknown) => gone || setPolled((last) => ({ ...last, problem: toProblem(error) })),
      )
    }
    ask()
    const timer = setInterval(ask, everyMs)
    return () => {
      gone = true
      clearInterval(timer)
    }
  }, [path, everyMs, turn])
  return { ...polled, again: () => setTurn((before) => before + 1) }
}
