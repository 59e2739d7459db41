// How true the waiting times were: per doctor and kind of visit, how many waits fell into their range.
import { usePolled } from '../shared/polled'
import { Refusal } from '../shared/ui/Refusal'
import type { WaitError } from '../shared/wire'
import { t } from './words'

const EVERY_MS = 60_000
const FEW = 20 // below this a share says little

function bias(seconds: number): string {
  const minutes = Math.round(seconds / 60)
  if (minutes === 0) return '0'
  return minutes > 0 ? t('tooLong', minutes) : t('tooShort', -minutes)
}

function Row({ each }: { each: WaitError }) {
  const share = Math.round(each.coverage * 100)
  const fits = share >= 75 && share <= 85
  return (
    <tr data-testid="wait-error">
      <td>{each.doctor.name}</td>
      <td>{each.kind ? t(`kind_${each.kind}`) : t('kindAny')}</td>
      <td class="figure num">{each.n}</td>
      <td class="figure num">
        {each.n < FEW ? <span class="soft">{t('tooFew')}</span> : <span class={fits ? 'tag ok' : 'tag warn'}>{share} %</span>}
      </td>
      <td class="figure num">{t('minutes', Math.round(each.mean_abs_error_s / 60))}</td>
      <td class="figure num">{bias(each.bias_s)}</td>
    </tr>
  )
}

export function Errors() {
  const { value, problem } = usePolled<WaitError[]>('/waiting/errors', EVERY_MS)
  return (
    <section class="stack" data-testid="errors">
      <h2>{t('errors')}</h2>
      <p class="soft small">{t('errorsMean')}</p>
      {!value && <Refusal problem={problem} />}
      {value && !value.length && <p class="soft">{t('noErrors')}</p>}
      {value && value.length > 0 && (
        <div class="scroll" tabIndex={0} role="region" aria-label={t('errors')}>
          <table>
            <thead>
              <tr>
                <th>{t('doctor')}</th>
                <th>{t('kind')}</th>
                <th class="figure">{t('waits')}</th>
                <th class="figure">{t('coverage')}</th>
                <th class="figure">{t('meanError')}</th>
                <th class="figure">{t('bias')}</th>
              </tr>
            </thead>
            <tbody>
              {value.map((each) => (
                <Row each={each} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  )
}
