// The risk notice: the exact text of the server, in large print; agreeing names its version and hash.
import { useEffect, useState } from 'preact/hooks'
import { get, post, toProblem, type Problem } from '../shared/api'
import { language } from '../shared/language'
import type { MyTicket, Notice } from '../shared/wire'
import { problemText } from '../shared/words'
import { useRing } from './ring'
import { ticket } from './state'
import { t } from './words'

export function NoticePage({ called }: { called: boolean }) {
  useRing(called)
  const [notice, setNotice] = useState<Notice | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  const locale = language.value
  const load = (): void => {
    get<Notice>(`/notice?locale=${locale}`).then(setNotice, (error: unknown) => setProblem(toProblem(error)))
  }
  useEffect(load, [locale])
  const agree = async (): Promise<void> => {
    if (!notice) return
    setProblem(null)
    try {
      ticket.value = await post<MyTicket>('/ticket/consent', { version: notice.version, sha256: notice.sha256, locale: notice.locale })
    } catch (error) {
      setProblem(toProblem(error))
      load()
    }
  }
  return (
    <section class="card" data-testid="notice">
      {called && (
        <p class="message" role="alert">
          ☎ {t('agreeFirst')}
        </p>
      )}
      <h1>{notice?.title ?? t('loading')}</h1>
      {notice && (
        <>
          <p class="soft hint">{t('noticeScroll')}</p>
          <div class="notice-text" lang={notice.locale} tabIndex={0} role="region" aria-label={notice.title}>
            {notice.paragraphs.map((paragraph) => (
              <p>{paragraph}</p>
            ))}
          </div>
        </>
      )}
      {problem && (
        <p class="message bad" role="alert">
          {problemText(problem)}
        </p>
      )}
      {notice ? (
        <button class="primary" data-testid="agree" onClick={() => void agree()}>
          {t('agree')}
        </button>
      ) : (
        problem && <button onClick={load}>{t('retry')}</button>
      )}
    </section>
  )
}
