// The operator's desk: all lines of today, whom no message has reached, how true the waiting times were.
import { mount } from '../shared/ui/mount'
import { StaffPage } from '../shared/ui/StaffPage'
import './desk.css'
import { Errors } from './Errors'
import { Lines } from './Lines'
import { Missing } from './Missing'
import { t } from './words'

function DeskPage() {
  return (
    <StaffPage here="desk" title={t('desk')}>
      {(me) =>
        me.role === 'operator' ? (
          <>
            <Lines />
            <Missing />
            <Errors />
          </>
        ) : (
          <p class="message bad">{t('notForYou')}</p>
        )
      }
    </StaffPage>
  )
}

mount(DeskPage, () => t('title'))
