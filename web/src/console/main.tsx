// The console: loads who and where, then shows the desk; everything after that comes live.
import { useEffect, useState } from 'preact/hooks'
import { toProblem, type Problem } from '../shared/api'
import { enableSoundBy } from '../shared/sound'
import { loadHospital, loadMe } from '../shared/staff'
import { mount } from '../shared/ui/mount'
import { problemText } from '../shared/words'
import { titleMark } from './alerting'
import { DeskPage } from './DeskPage'
import { chooseSession, firstSession, loadSessions, openDesk, sessions, type Desk } from './state'
import './style/console.css'
import { t } from './words'

async function load(): Promise<Desk> {
  const [me, hospital] = await Promise.all([loadMe(), loadHospital()])
  await loadSessions()
  const first = firstSession(sessions.value)
  if (first) chooseSession(first)
  return openDesk(me, hospital)
}

function ConsolePage() {
  const [desk, setDesk] = useState<Desk | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  const start = (): void => {
    setProblem(null)
    load().then(setDesk, (error: unknown) => setProblem(toProblem(error)))
  }
  useEffect(start, [])
  if (desk) return <DeskPage desk={desk} />
  return (
    <main class="loading">
      <h1 class="visually-hidden">Bedside</h1>
      {problem ? (
        <div class="stack" role="alert">
          <p>{problemText(problem)}</p>
          <button class="primary" onClick={start}>
            {t('retry')}
          </button>
        </div>
      ) : (
        <p>{t('loading')}</p>
      )}
    </main>
  )
}

enableSoundBy('pointerdown', 'keydown')
mount(ConsolePage, () => `${titleMark.value}${t('title')}`)
