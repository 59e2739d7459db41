// A new device: what stands on it is asked, nothing more; then its credential, this once, and how it is made to speak.
import { useState } from 'preact/hooks'
import { post } from '../shared/api'
import type { Live } from '../shared/live/live'
import { Dialog } from '../shared/ui/Dialog'
import { Refusal } from '../shared/ui/Refusal'
import { useAct } from '../shared/ui/useAct'
import type { DeviceAdded, Me } from '../shared/wire'
import { Added } from './Added'
import { t } from './words'

const FIELDS = ['model', 'serial', 'maker', 'label', 'id'] as const
type Wish = Record<(typeof FIELDS)[number], string>
const NOTHING: Wish = { model: '', serial: '', maker: '', label: '', id: '' }

/** Fields left empty are not sent: the server makes id and label of model and serial. */
function filled(wish: Wish): Partial<Wish> {
  return Object.fromEntries(Object.entries(wish).filter(([, text]) => text.trim() !== ''))
}

function Fields({ wish, change, wrong }: { wish: Wish; change: (wish: Wish) => void; wrong: string | null }) {
  const field = (name: keyof Wish, more: { required?: boolean; maxLength: number; pattern?: string }) => (
    <label class="field" key={name}>
      <span>{t(`field_${name}`)}</span>
      <input name={name} data-testid={`add-${name}`} autocomplete="off" value={wish[name]} aria-invalid={wrong === name ? 'true' : undefined} onInput={(event) => change({ ...wish, [name]: event.currentTarget.value })} {...more} />
    </label>
  )
  return (
    <>
      <div class="form-grid">
        {field('model', { required: wish.id.trim() === '', maxLength: 64 })}
        {field('serial', { required: wish.id.trim() === '', maxLength: 64 })}
      </div>
      <details open={wrong === 'id' || wrong === 'label' || wrong === 'maker'}>
        <summary>{t('moreFields')}</summary>
        <div class="stack">
          {field('maker', { maxLength: 64 })}
          {field('label', { maxLength: 120 })}
          {field('id', { maxLength: 64, pattern: '[A-Za-z0-9_\\-]{1,64}' })}
          <p class="small soft">{t('idMeans')}</p>
        </div>
      </details>
    </>
  )
}

export function AddDialog({ live, me, close }: { live: Live; me: Me; close: () => void }) {
  const [wish, setWish] = useState<Wish>(NOTHING)
  const [added, setAdded] = useState<DeviceAdded | null>(null)
  const { busy, problem, run } = useAct()
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    void run(async () => setAdded(await post<DeviceAdded>('/devices', filled(wish))))
  }
  return (
    <Dialog title={added ? t('added', added.device.label) : t('addTitle')} close={close} testid="add-dialog">
      {added ? (
        <Added added={added} live={live} me={me} close={close} />
      ) : (
        <form class="stack" onSubmit={submit}>
          <p class="soft">{t('addMeans')}</p>
          <Fields wish={wish} change={setWish} wrong={problem?.field ?? null} />
          <Refusal problem={problem} />
          {problem?.slug === 'invalid' && <p class="wrong">{problem.detail}</p>}
          <div class="actions">
            <button type="button" onClick={close}>
              {t('cancel')}
            </button>
            <button class="primary" data-testid="add-submit" disabled={busy}>
              {t('add')}
            </button>
          </div>
        </form>
      )}
    </Dialog>
  )
}
