// A question that must be answered before something is undone; in the page, since old phones have no dialog element.
import { useEffect, useRef, useState } from 'preact/hooks'
import { toProblem, type Problem } from '../shared/api'
import { problemText } from '../shared/words'

interface Props {
  testid: string
  /** What the button that leads to the question says. */
  open: string
  question: string
  means: string
  yes: string
  no: string
  act: () => Promise<void>
}

export function Question(props: Props) {
  const [asking, setAsking] = useState(false)
  const opener = useRef<HTMLButtonElement>(null)
  const back = (): void => {
    setAsking(false)
    setTimeout(() => opener.current?.focus())
  }
  if (asking) return <Asked {...props} back={back} />
  return (
    <button ref={opener} class="quiet undo" data-testid={props.testid} onClick={() => setAsking(true)}>
      {props.open}
    </button>
  )
}

export function Asked({ testid, question, means, yes, no, act, back }: Omit<Props, 'open'> & { back: () => void }) {
  const [problem, setProblem] = useState<Problem | null>(null)
  const [busy, setBusy] = useState(false)
  const first = useRef<HTMLButtonElement>(null)
  useEffect(() => first.current?.focus(), [])
  const sure = (): void => {
    setBusy(true)
    act().then(back, (error: unknown) => {
      setProblem(toProblem(error))
      setBusy(false)
    })
  }
  return (
    <div class="question" role="alertdialog" aria-label={question} data-testid={`${testid}-question`} onKeyDown={(event) => event.key === 'Escape' && back()}>
      <h3>{question}</h3>
      <p>{means}</p>
      {problem && (
        <p class="wrong" role="alert">
          {problemText(problem)}
        </p>
      )}
      <button ref={first} class="second" data-testid={`${testid}-no`} onClick={back}>
        {no}
      </button>
      <button class="danger" data-testid={`${testid}-yes`} disabled={busy} onClick={sure}>
        {yes}
      </button>
    </div>
  )
}
