// The operator's desk: all lines of today, whom no message has reached, how true the waiting times were.
import { useState } from 'preact/hooks'
import { Live } from '../shared/live/live'
import { stillSignedIn } from '../shared/staff'
import { mount } from '../shared/ui/mount'
import { StaffPage } from '../shared/ui/StaffPage'
import { UnattendedNotice } from '../shared/unattended/Unattended'
import type { Me } from '../shared/wire'
import './desk.css'
import { Errors } from './Errors'
import { Lines } from './Lines'
import { Missing } from './Missing'
import { t } from './words'

function Desk({ me }: { me: Me }) {
  const [live] = useState(() => new Live('staff', stillSignedIn))
  return (
    <>
      <UnattendedNotice live={live} me={me} />
      <Lines live={live} />
      <Missing />
      <Errors />
    </>
  )
}

function DeskPage() {
  return (
    <StaffPage here="desk" title={t('desk')}>
      {(me) =>
        me.role === 'operator' ? (
          <Desk me={me} />
        ) : (
          <p class="message bad">{t('notForYou')}</p>
        )
      }
    </StaffPage>
  )
}

mount(DeskPage, () => t('title'))
