// Is it heard? Grey until the first message, red or yellow with the reason where it was refused whole or in part, else green.
import { useEffect, useState } from 'preact/hooks'
import type { Live } from '../shared/live/live'
import { useTopic } from '../shared/live/useTopic'
import { dayAndTime, exactTime } from '../shared/time'
import { Copy } from '../shared/ui/Copy'
import type { Connectivity as Known, Lines } from '../shared/wire'
import { refusalText } from './deviceWords'
import { Tabs } from './Tabs'
import { verdictOf, type Verdict } from './verdict'
import { t } from './words'

const WAYS = ['mosquitto_pub', 'curl', 'python'] as const
const LOOK: Record<Verdict, string> = { waiting: '', connected: '', heard: 'ok', partly: 'partly', refused: 'bad' }

function Refused({ known: { last_refusal: refusal } }: { known: Known }) {
  if (!refusal) return null
  return (
    <>
      <b>✕ {t('refusedBecause', refusalText(refusal.reason))}</b>
      <span>
        {refusal.detail && <bdi>{refusal.detail} · </bdi>}
        <span class="num">{exactTime(refusal.at)}</span>
      </span>
    </>
  )
}

function Said({ known, verdict }: { known: Known | null; verdict: Verdict }) {
  return (
    <div class={`connectivity ${LOOK[verdict]}`} data-testid="connectivity" data-state={verdict}>
      {verdict === 'heard' && known && (
        <>
          <b>✓ {t('firstHeard', dayAndTime(known.first_message_at ?? ''))}</b>
          {known.last_message_at && <span class="num">{t('lastHeard', exactTime(known.last_message_at))}</span>}
        </>
      )}
      {verdict === 'partly' && <b>{t('heardInPart')}</b>}
      {(verdict === 'partly' || verdict === 'refused') && known && <Refused known={known} />}
      {(verdict === 'waiting' || verdict === 'connected') && (
        <>
          <b>{t(verdict === 'connected' ? 'connectedSilent' : 'waitingForFirst')}</b>
          <span>{t('waitingMeans')}</span>
        </>
      )}
    </div>
  )
}

function Line({ text, id, testid = 'line' }: { text: string; id: string; testid?: string }) {
  return (
    <div class="line">
      <pre id={id} tabIndex={0} data-testid={testid}>
        {text}
      </pre>
      <Copy text={text} shownIn={id} testid={`${testid}-copy`} />
    </div>
  )
}

interface Props {
  deviceId: string
  live: Live
  lines: Lines | null
  means: 'linesMean' | 'linesMeanSecret' | 'linesMeanWorn'
  known: Known | null // before the live connection says more
  heard?: () => void
}

export function Connectivity({ deviceId, live, lines, means, known, heard }: Props) {
  const topic = useTopic(live, `device:${deviceId}`)
  const told = (topic?.values.value.get('connectivity') as Known | undefined) ?? known
  const [way, setWay] = useState<(typeof WAYS)[number]>('mosquitto_pub')
  const verdict = verdictOf(told)
  const taken = verdict === 'heard' || verdict === 'partly'
  useEffect(() => {
    if (taken) heard?.()
  }, [taken])
  return (
    <section class="stack" aria-label={t('connectivity')}>
      <div aria-live="polite">
        <Said known={told} verdict={verdict} />
      </div>
      {lines?.account && (
        <div class="message">
          <p>{t('accountFirst')}</p>
          <Line text={lines.account} id="line-account" testid="line-account" />
        </div>
      )}
      {lines && (
        <>
          <Tabs label={t('ways')} all={WAYS} chosen={way} choose={setWay} name={(each) => t(`way_${each}`)}>
            <Line text={lines[way]} id={`line-${way}`} />
          </Tabs>
          <p class="small soft">
            {t(means)}{' '}
            {lines.ca_url && (
              <a class="inline" href={lines.ca_url} data-testid="ca-link">
                {t('caFirst')}
              </a>
            )}
          </p>
        </>
      )}
    </section>
  )
}
