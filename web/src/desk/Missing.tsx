// Whom no message has reached, alarms first; where a person is to telephone, what to say and how it went.
import { post } from '../shared/api'
import { now } from '../shared/clock'
import { ageSeconds } from '../shared/age'
import { usePolled } from '../shared/polled'
import { clockTime } from '../shared/time'
import { Refusal } from '../shared/ui/Refusal'
import { useAct } from '../shared/ui/useAct'
import type { NotReached } from '../shared/wire'
import { agoText } from '../shared/words'
import { t } from './words'
import { en } from './words/en'

const EVERY_MS = 10_000

function templateText(template: string): string {
  const key = `template_${template}`
  return key in en ? t(key as 'template_booked') : template
}

function Call({ id, done }: { id: string; done: () => void }) {
  const { busy, problem, run } = useAct()
  const record = (reached: boolean): void => void run(() => post(`/not-reached/${id}/call`, { reached })).then((did) => did && done())
  return (
    <>
      <div class="head">
        <button class="primary" data-testid="call-reached" disabled={busy} onClick={() => record(true)}>
          {t('reached')}
        </button>
        <button data-testid="call-missed" disabled={busy} onClick={() => record(false)}>
          {t('notReachedYet')}
        </button>
      </div>
      <Refusal problem={problem} />
    </>
  )
}

function One({ each, done }: { each: NotReached; done: () => void }) {
  return (
    <li class={each.urgent ? 'card missing urgent' : 'card missing'} data-testid="not-reached">
      <div class="head">
        <b>
          {each.urgent && '▲ '}
          {templateText(each.template)}
        </b>
        <span>{each.name}</span>
        {each.phone && (
          <a class="num" href={`tel:${each.phone}`}>
            ☎ {each.phone}
          </a>
        )}
        <span class="spring" />
        <span class="soft small num">
          {agoText(ageSeconds(each.since, now.value))} · {t('worthUntil', clockTime(each.until))}
        </span>
      </div>
      <p class="small soft">{each.tried.map((tried) => `${t(`channel_${tried.channel}`)} ${clockTime(tried.at)} ${t(`state_${tried.state}`)}`).join(' → ')}</p>
      {each.call_id && (
        <>
          <p>{each.say ? t('say', each.say) : t('sayNothing')}</p>
          <Call id={each.call_id} done={done} />
        </>
      )}
    </li>
  )
}

export function Missing() {
  const { value, problem, again } = usePolled<NotReached[]>('/not-reached', EVERY_MS)
  return (
    <section class="stack" data-testid="missing">
      <div class="head">
        <h2>{t('notReached')}</h2>
        {value && <span class={value.length ? 'tag bad' : 'tag ok'}>{value.length}</span>}
      </div>
      {!value && <Refusal problem={problem} />}
      {!value && !problem && <p class="loading">{t('loading')}</p>}
      {value && !value.length && <p class="soft">{t('everybodyReached')}</p>}
      <ul class="plain">
        {value?.map((each) => (
          <One key={`${each.cause}${each.name}`} each={each} done={again} />
        ))}
      </ul>
    </section>
  )
}
