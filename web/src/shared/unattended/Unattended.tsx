// Doctors who have left, and whose patients' alarms therefore reach no doctor: said until somebody has taken over.
import { useState } from 'preact/hooks'
import { under } from '../live/delta'
import type { Live } from '../live/live'
import { useTopic } from '../live/useTopic'
import type { Me, Named, Unattended } from '../wire'
import { TakeOverDialog } from './TakeOverDialog'
import './unattended.css'
import { t } from './words'

function longestGoneFirst(left: readonly Unattended[]): Unattended[] {
  return [...left].sort((one, other) => one.since.localeCompare(other.since))
}

/** Operators see it and cannot answer for an alarm; `successors` is whom an administrator may name. */
export function UnattendedNotice({ live, me, successors = null }: { live: Live; me: Me; successors?: readonly Named[] | null }) {
  const topic = useTopic(live, `unattended:${me.id}`)
  const [taking, setTaking] = useState<Unattended | null>(null)
  const left = under<Unattended>(topic?.values.value ?? new Map(), 'doctor/')
  if (!left.length) return null
  return (
    <section class="unattended" role="status" aria-label={t('unattended')} data-testid="unattended">
      {longestGoneFirst(left).map((each) => (
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
      {taking && <TakeOverDialog of={taking} successors={me.role === 'admin' ? (successors ?? []) : null} close={() => setTaking(null)} />}
    </section>
  )
}
