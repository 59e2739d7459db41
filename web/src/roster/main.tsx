// The roster editor: weekly templates, days off, doctors, departments – what the sessions are made from.
import { useEffect, useState } from 'preact/hooks'
import { Live } from '../shared/live/live'
import { stillSignedIn } from '../shared/staff'
import { mount } from '../shared/ui/mount'
import { UnattendedNotice } from '../shared/unattended/Unattended'
import type { Me, Named } from '../shared/wire'
import { StaffPage } from '../shared/ui/StaffPage'
import { Refusal } from '../shared/ui/Refusal'
import { Departments } from './Departments'
import { Doctors } from './Doctors'
import { Holidays } from './Holidays'
import './roster.css'
import { load, problem, roster } from './state'
import { Week } from './Week'
import { t } from './words'

/** An administrator says who takes over; the roster's other parts need no live connection. */
function WhoTakesOver({ me, successors }: { me: Me; successors: readonly Named[] }) {
  const [live] = useState(() => new Live('staff', stillSignedIn))
  return <UnattendedNotice live={live} me={me} successors={successors} />
}

function Parts({ me }: { me: Me }) {
  useEffect(() => void load(), [])
  if (problem.value) {
    return (
      <div class="stack">
        <Refusal problem={problem.value} />
        <button onClick={() => void load()}>{t('retry')}</button>
      </div>
    )
  }
  if (!roster.value) return <p class="loading">{t('loading')}</p>
  return (
    <>
      {me.role === 'admin' && <WhoTakesOver me={me} successors={roster.value.doctors.map((profile) => profile.doctor)} />}
      <Week all={roster.value} />
      <Holidays all={roster.value} />
      <Doctors all={roster.value} />
      <Departments all={roster.value} />
    </>
  )
}

function RosterPage() {
  return (
    <StaffPage here="roster" title={t('roster')}>
      {(me) => (me.role === 'doctor' ? <p class="message bad">{t('notForYou')}</p> : <Parts me={me} />)}
    </StaffPage>
  )
}

mount(RosterPage, () => t('title'))
