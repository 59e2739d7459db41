// Is it heard? Grey until the first message, red with the reason where it was refused, green from the first message on.
import { useEffect, useState } from 'preact/hooks'
import type { Live } from '../shared/live/live'
import { useTopic } from '../shared/live/useTopic'
import { dayAndTime, exactTime } from '../shared/time'
import { Copy } from '../shared/ui/Copy'
import type { Connectivity as Known, Lines } from '../shared/wire'
import { refusalText } from './deviceWords'
import { Tabs } from './Tabs'
import { t } from './words'

const WAYS = ['mosquitto_pub', 'curl', 'python'] as const

function newer(refusal: Known['last_refusal'], heardAt: string | null): refusal is NonNullable<Known['last_refusal']> {
  return refusal !== null && (heardAt === null || refusal.at > heardAt)
}

function Said({ known }: { known: Known | null }) {
  const refusal = known?.last_refusal ?? null
  if (known && newer(refusal, known.last_message_at)) {
    return (
      <div class="connectivity bad" data-testid="connectivity" data-state="refused">
        <b>✕ {t('refusedBecause', refusalText(refusal.reason))}</b>
        <span>
          {refusal.detail && <bdi>{refusal.detail} · </bdi>}
          <span class="num">{exactTime(refusal.at)}</span>
        </span>
      </div>
    )
  }
  if (known?.first_message_at) {
    return (
      <div class="connectivity ok" data-testid="connectivity" data-state="heard">
        <b>✓ {t('firstHeard', dayAndTime(known.first_message_at))}</b>
        {known.last_message_at && <span class="num">{t('lastHeard', exactTime(known.last_message_at))}</span>}
      </div>
    )
  }
  return (
    <div class="connectivity" data-testid="connectivity" data-state={known?.state === 'connected' ? 'connected' : 'waiting'}>
      <b>{known?.state === 'connected' ? t('connectedSilent') : t('waitingForFirst')}</b>
      <span>{t('waitingMeans')}</span>
    </div>
  )
}

function Line({ text, id }: { text: string; id: string }) {
  return (
    <div class="line">
      <pre id={id} tabIndex={0} data-testid="line">
        {text}
      </pre>
      <Copy text={text} shownIn={id} testid="line-copy" />
    </div>
  )
}

interface Props {
  deviceId: string
  live: Live
  lines: Lines | null
  known: Known | null // before the live connection says more
  heard?: () => void
}

export function Connectivity({ deviceId, live, lines, known, heard }: Props) {
  const topic = useTopic(live, `device:${deviceId}`)
  const told = (topic?.values.value.get('connectivity') as Known | undefined) ?? known
  const [way, setWay] = useState<(typeof WAYS)[number]>('mosquitto_pub')
  const first = told?.first_message_at ?? null
  useEffect(() => {
    if (first) heard?.()
  }, [first])
  return (
    <section class="stack" aria-label={t('connectivity')}>
      <div aria-live="polite">
        <Said known={told} />
      </div>
      {lines && (
        <>
          <Tabs label={t('ways')} all={WAYS} chosen={way} choose={setWay} name={(each) => t(`way_${each}`)}>
            <Line text={lines[way]} id={`line-${way}`} />
          </Tabs>
          <p class="small soft">
            {t('linesMean')}{' '}
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
