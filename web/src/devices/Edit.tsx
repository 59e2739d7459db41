// What stands on a device, put right where it was typed wrong. Its id stays: topics and credential hang on it.
import { useState } from 'preact/hooks'
import { put } from '../shared/api'
import { FormEnd } from '../shared/ui/FormEnd'
import { useAct } from '../shared/ui/useAct'
import type { Device } from '../shared/wire'
import { t } from './words'

const FIELDS = ['label', 'model', 'serial', 'maker'] as const
type Wish = Record<(typeof FIELDS)[number], string>

function Form({ device, changed, back }: { device: Device; changed: () => void; back: () => void }) {
  const [wish, setWish] = useState<Wish>({ label: device.label, model: device.model ?? '', serial: device.serial ?? '', maker: device.maker ?? '' })
  const { busy, problem, run } = useAct()
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    const said = Object.fromEntries(FIELDS.map((name) => [name, wish[name].trim() || null]))
    void run(() => put(`/devices/${encodeURIComponent(device.id)}`, said)).then((ok) => ok && changed())
  }
  return (
    <form class="card stack" data-testid="edit-form" onSubmit={submit}>
      <b>{t('edit')}</b>
      <p>{t('editMeans', device.id)}</p>
      <div class="form-grid">
        {FIELDS.map((name) => (
          <label class="field" key={name}>
            <span>{t(`field_${name}`)}</span>
            <input name={name} data-testid={`edit-${name}`} autocomplete="off" maxLength={name === 'label' ? 120 : 80} value={wish[name]} aria-invalid={problem?.field === name ? 'true' : undefined} onInput={(event) => setWish({ ...wish, [name]: event.currentTarget.value })} />
          </label>
        ))}
      </div>
      {problem?.slug === 'invalid' && <p class="wrong">{problem.detail}</p>}
      <FormEnd problem={problem} busy={busy} back={back} backText={t('cancel')} sendText={t('editSave')} testid="edit-save" />
    </form>
  )
}

export function Edit({ device, changed }: { device: Device; changed: () => void }) {
  const [open, setOpen] = useState(false)
  const done = (): void => {
    setOpen(false)
    changed()
  }
  if (open) return <Form device={device} changed={done} back={() => setOpen(false)} />
  return (
    <div class="head">
      <button data-testid="do-edit" onClick={() => setOpen(true)}>
        {t('edit')}
      </button>
    </div>
  )
}
