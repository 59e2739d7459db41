// Sign-in of doctors, operators and administrators.
import { useEffect, useState } from 'preact/hooks'
import { post, toProblem, type Problem } from '../shared/api'
import { now } from '../shared/clock'
import { loadHospital } from '../shared/staff'
import { afterSignIn } from '../shared/staffPages'
import { LanguageSwitch } from '../shared/ui/Language'
import { mount } from '../shared/ui/mount'
import { WatchNotice } from '../shared/ui/Blind'
import type { Hospital, Me } from '../shared/wire'
import { problemText } from '../shared/words'
import './sign-in.css'
import { t } from './words'

function Demonstration() {
  return (
    <aside class="message" data-testid="demonstration">
      <b>{t('demonstration')}</b> {t('demonstrationHint')}
    </aside>
  )
}

function useSignIn() {
  const [problem, setProblem] = useState<Problem | null>(null)
  const [busy, setBusy] = useState(false)
  const [waitUntil, setWaitUntil] = useState(0)
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault()
    const form = new FormData(event.currentTarget as HTMLFormElement)
    setBusy(true)
    setProblem(null)
    try {
      const me = await post<Me>('/sign-in', { login: String(form.get('login')), password: String(form.get('password')) })
      location.assign(afterSignIn(me.role, new URLSearchParams(location.search).get('next')))
    } catch (error) {
      const refused = toProblem(error)
      setProblem(refused)
      setWaitUntil(now.value + (refused.number('retry_after_s') ?? 0) * 1000)
      setBusy(false)
    }
  }
  return { problem, busy, submit, waitS: Math.ceil((waitUntil - now.value) / 1000) }
}

function SignInPage() {
  const [hospital, setHospital] = useState<Hospital | null>(null)
  const { problem, busy, submit, waitS } = useSignIn()
  useEffect(() => void loadHospital().then(setHospital, () => undefined), [])
  return (
    <div class="sign-in-page">
      <header>
        <b class="brand">Bedside</b>
        <LanguageSwitch />
      </header>
      <main class="card">
        <p class="soft">{hospital?.name ?? ' '}</p>
        <h1>{t('heading')}</h1>
        <form class="stack" onSubmit={(event) => void submit(event)} data-testid="sign-in-form">
          <label class="field">
            <span>{t('login')}</span>
            <input name="login" data-testid="login" autocomplete="username" autocapitalize="none" required autofocus />
          </label>
          <label class="field">
            <span>{t('password')}</span>
            <input name="password" data-testid="password" type="password" autocomplete="current-password" required />
          </label>
          <p class="message bad" role="alert" data-testid="sign-in-problem" hidden={!problem}>
            {problem && problemText(problem)} {waitS > 0 && t('wait', waitS)}
          </p>
          <button class="primary" data-testid="sign-in" disabled={busy || waitS > 0}>
            {t('signIn')}
          </button>
        </form>
        {hospital?.demonstration && <Demonstration />}
        <p class="soft small">{t('patients')}</p>
        <p class="patients">
          <a href="/book">{t('toBook')}</a>
          <a href="/join">{t('toLostLink')}</a>
        </p>
      </main>
      <WatchNotice />
    </div>
  )
}

mount(SignInPage, () => t('title'))
