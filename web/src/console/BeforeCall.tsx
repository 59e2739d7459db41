// What the patient did before the call: the complaint, the device test, the photographs and reports.
import { rate } from '../shared/rate'
import { clockTime } from '../shared/time'
import type { DeviceTest, Document, TicketRow, Visit } from '../shared/wire'
import { t } from './words'

const PARTS = ['camera', 'microphone', 'speaker'] as const

const CARRIES_PICTURE = 500 // kbit/s, each way

function Network({ test }: { test: DeviceTest }) {
  if (test.kbps === null || test.rtt_ms === null) return <li class="tag warn num">{t('testNoNetwork')}</li>
  const narrower = Math.min(test.kbps, test.kbps_up ?? test.kbps)
  const shown = t('testNetwork', rate(test.kbps), rate(test.kbps_up), test.rtt_ms)
  return <li class={narrower >= CARRIES_PICTURE ? 'tag ok num' : 'tag warn num'}>{shown}</li>
}

function Test({ test }: { test: DeviceTest | null }) {
  if (!test) return <p class="soft">{t('deviceTestNone')}</p>
  return (
    <ul class="test-result" data-testid="device-test">
      {PARTS.map((part) => (
        <li class={test[part] ? 'tag ok' : 'tag warn'}>
          {test[part] ? '✓' : '!'} {t(`test_${part}`)}
          <span class="visually-hidden">{test[part] ? t('testYes') : t('testNo')}</span>
        </li>
      ))}
      <Network test={test} />
    </ul>
  )
}

function One({ document, number }: { document: Document; number: number }) {
  const picture = document.media_type.startsWith('image/')
  const name = picture ? t('photoNo', number) : t('reportNo', number)
  return (
    <li>
      <a class="document" href={`/api/v1/documents/${document.id}`} target="_blank" rel="noopener" data-testid="document" title={t('sentAt', clockTime(document.uploaded_at))}>
        {picture ? <img src={`/api/v1/documents/${document.id}`} alt="" loading="lazy" /> : <span class="page" aria-hidden="true">PDF</span>}
        <small>{name}</small>
      </a>
    </li>
  )
}

/** Told with the visit alone: who has not been called shows nothing yet. */
function Documents({ documents }: { documents: readonly Document[] }) {
  if (!documents.length) return <p class="soft">{t('documentsNone')}</p>
  return (
    <ul class="document-list">
      {documents.map((document, place) => (
        <One key={document.id} document={document} number={place + 1} />
      ))}
    </ul>
  )
}

export function BeforeCall({ row, visit }: { row: TicketRow; visit: Visit | null }) {
  return (
    <section class="before-call" aria-label={t('beforeCall')} data-testid="before-call">
      <h3>{t('beforeCall')}</h3>
      <p class={row.complaint ? 'complaint-text' : 'soft'} data-testid="complaint">
        {row.complaint ? `“${row.complaint}”` : t('complaintNone')}
      </p>
      <Test test={row.device_test} />
      {visit && <Documents documents={visit.documents} />}
    </section>
  )
}
