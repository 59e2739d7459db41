// What happens in a video visit, for whoever does it for the first time.
import { t } from './words'

const STEPS = ['expectTest', 'expectTell', 'expectRing', 'expectFace', 'expectAfter'] as const

export function Expect() {
  return (
    <details class="card expect" data-testid="expect">
      <summary>{t('expect')}</summary>
      <ol>
        {STEPS.map((step) => (
          <li>{t(step)}</li>
        ))}
      </ol>
    </details>
  )
}
