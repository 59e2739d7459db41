// The frame of a page for those who arrange: who is signed in, then what the page is for; its trouble if neither loads.
import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { toProblem, type Problem } from '../api'
import { loadHospital, loadMe } from '../staff'
import type { Hospital, Me } from '../wire'
import { t } from '../words'
import { Refusal } from './Refusal'
import { StaffHeader } from './StaffHeader'

interface Props {
  here: 'desk' | 'roster' | 'texts' | 'account' | 'devices' | 'quarantine'
  title: string
  children: (me: Me, hospital: Hospital) => ComponentChildren
}

export function StaffPage({ here, title, children }: Props) {
  const [opened, setOpened] = useState<{ me: Me; hospital: Hospital } | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  const load = (): void => {
    setProblem(null)
    Promise.all([loadMe(), loadHospital()]).then(
      ([me, hospital]) => setOpened({ me, hospital }),
      (error: unknown) => setProblem(toProblem(error)),
    )
  }
  useEffect(load, [])
  return (
    <div class="staff-page">
      <StaffHeader me={opened?.me ?? null} here={here} />
      <main data-testid={here}>
        <h1>{title}</h1>
        {opened && children(opened.me, opened.hospital)}
        {!opened && !problem && <p class="loading">{t('loading')}</p>}
        {problem && (
          <div class="stack">
            <Refusal problem={problem} />
            <button onClick={load}>{t('retry')}</button>
          </div>
        )}
      </main>
    </div>
  )
}
