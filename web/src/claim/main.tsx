// Where a device's QR code leads: the patient on this phone claims it, or somebody of the staff for a patient.
import { useEffect, useState } from 'preact/hooks'
import { get, post } from '../shared/api'
import { loadHospital, toSignIn } from '../shared/staff'
import { dayAndTime } from '../shared/time'
import { ChoosePatient } from '../shared/ui/ChoosePatient'
import { LanguageSwitch } from '../shared/ui/Language'
import { mount } from '../shared/ui/mount'
import { Refusal } from '../shared/ui/Refusal'
import { useAct } from '../shared/ui/useAct'
import type { Me, MyTicket } from '../shared/wire'
import './claim.css'
import { t } from './words'

interface Here {
  readonly staff: boolean
  readonly patient: MyTicket | null
}
const NOBODY: Here = { staff: false, patient: null }

const KEPT = 'bedside.claim' // the way to the sign-in page and back loses what stands behind #

/** The code stands behind #: no server on the way, and no log, sees it. */
function codeInAddress(): string {
  try {
    const code = decodeURIComponent(location.hash.slice(1)) || sessionStorage.getItem(KEPT) || ''
    sessionStorage.removeItem(KEPT)
    return code.slice(0, 16)
  } catch {
    return '' // an address that nobody's QR code has
  }
}

function signIn(): void {
  sessionStorage.setItem(KEPT, location.hash.slice(1))
  toSignIn()
}

async function whoIsHere(): Promise<Here> {
  const [me, ticket] = await Promise.all([get<Me>('/me').catch(() => null), get<MyTicket>('/ticket').catch(() => null)])
  await loadHospital().catch(() => null)
  return { staff: me?.role === 'doctor' || me?.role === 'operator', patient: ticket }
}

/** A family's phone may hold somebody else's visit: whose readings these will be is said before. */
function Whose({ mine }: { mine: MyTicket }) {
  return (
    <div class="card" data-testid="claim-whose">
      <b>{t('whose', mine.serial)}</b>
      <p>
        {mine.doctor.name} · {mine.session.title} · {dayAndTime(mine.session.opens_at)}
      </p>
      <p class="soft">{t('forMeMeans')}</p>
    </div>
  )
}

function Claim({ here, done }: { here: Here; done: (label: string) => void }) {
  const [code, setCode] = useState(codeInAddress)
  const [forPatient, setForPatient] = useState(!here.patient)
  const [patient, setPatient] = useState('')
  const { busy, problem, run } = useAct()
  const claim = (): Promise<{ label: string }> =>
    forPatient ? post('/devices/claim', { code: code.trim(), patient_id: patient }) : post('/ticket/devices', { code: code.trim() })
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    void run(async () => done((await claim()).label))
  }
  return (
    <form class="stack" onSubmit={submit} data-testid="claim-form">
      <label class="field">
        <span>{t('code')}</span>
        <input required class="code" maxLength={16} autocomplete="off" autocapitalize="characters" spellcheck={false} data-testid="claim-code" value={code} onInput={(event) => setCode(event.currentTarget.value)} />
      </label>
      {here.staff && here.patient && (
        <fieldset class="choices">
          <label>
            <input type="radio" name="for" checked={!forPatient} onChange={() => setForPatient(false)} /> {t('forMe')}
          </label>
          <label>
            <input type="radio" name="for" checked={forPatient} onChange={() => setForPatient(true)} /> {t('forPatient')}
          </label>
        </fieldset>
      )}
      {forPatient || !here.patient ? <ChoosePatient chosen={patient} choose={setPatient} /> : <Whose mine={here.patient} />}
      <Refusal problem={problem} />
      <button class="primary" data-testid="claim-submit" disabled={busy || !code.trim() || (forPatient && !patient)}>
        {forPatient ? t('submit') : t('forMe')}
      </button>
    </form>
  )
}

function Page() {
  const [here, setHere] = useState<Here | null>(null)
  const [claimed, setClaimed] = useState<string | null>(null)
  useEffect(() => void whoIsHere().then(setHere, () => setHere(NOBODY)), [])
  return (
    <main class="claim-page stack" data-testid="claim">
      <div class="head">
        <h1>{t('heading')}</h1>
        <span class="spring" />
        <LanguageSwitch />
      </div>
      {!here && <p class="loading">{t('loading')}</p>}
      {here && !here.staff && !here.patient && (
        <>
          <p class="message">{t('nobody')}</p>
          <button data-testid="claim-sign-in" onClick={signIn}>
            {t('signIn')}
          </button>
        </>
      )}
      {here && (here.staff || here.patient) && claimed === null && <Claim here={here} done={setClaimed} />}
      {claimed !== null && (
        <>
          <p class="message ok" role="status" data-testid="claimed">
            ✓ {t('claimed', claimed)}
          </p>
          <a class="button" href={here?.patient ? '/join' : '/devices'}>
            {here?.patient ? t('toTicket') : t('toDevices')}
          </a>
        </>
      )}
    </main>
  )
}

mount(Page, () => t('title'))
