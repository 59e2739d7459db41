// Doctors who have left, and whose patients' alarms therefore reach no doctor: said until somebody has taken over.
import { useState } from 'preact/hooks'
import { usePolled } from '../polled'
import type { Me, Named, Unattended } from '../wire'
import { TakeOverDialog } from './TakeOverDialog'
import './unattended.css'
import { t } from './words'

const EVERY_MS = 60_000

/** Operators see it and cannot answer for an alarm; `successors` is whom an administrator may name. */
export function UnattendedNotice({ me, successors = null }: { me: Me; successors?: readonly Named[] | null }) {
  const { value, again } = usePolled<Unattended[]>('/unattended', EVERY_MS)
  const [taking, setTaking] = useState<Unattended | null>(null)
  if (!value?.length) return null
  const close = (): void => {
    setTaking(null)
    again()
  }
  return (
    <section class="unattended" role="status" aria-label={t('unattended')} data-testid="unattended">
      {value.map((each) => (
        <div key={each.doctor.id}>
          <p>
            <b>▲ {t('left', each.doctor.name, each.patients)}</b>
            {me.role === 'operator' && <span class="soft"> {each.department ? t('who', each.department.name) : t('whoAdmin')}</span>}
          </p>
          {me.role !== 'operator' && (
            <button data-testid="take-over" aria-haspopup="dialog" onClick={() => setTaking(each)}>
              {t(me.role === 'admin' ? 'assign' : 'takeOver')}
            </button>
          )}
        </div>
      ))}
      {taking && <TakeOverDialog of={taking} successors={me.role === 'admin' ? (successors ?? []) : null} close={close} />}
    </section>
  )
}
