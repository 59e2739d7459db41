// The hospital's own words: every message in both languages, changed with a preview of what would go out and what it costs.
import { useEffect, useState } from 'preact/hooks'
import { get } from '../shared/api'
import { mount } from '../shared/ui/mount'
import { Refusal } from '../shared/ui/Refusal'
import { StaffPage } from '../shared/ui/StaffPage'
import { useAct } from '../shared/ui/useAct'
import type { TextForm } from '../shared/wire'
import { Editor } from './Editor'
import './texts.css'
import { t } from './words'

function Row({ form, edit }: { form: TextForm; edit: () => void }) {
  return (
    <li class="card text" lang={form.locale} data-testid="text" data-template={form.template} data-locale={form.locale}>
      <div class="head">
        <span class="tag">{form.locale === 'en' ? 'English' : '中文'}</span>
        <span class="tag">{t('parts', form.parts)}</span>
        {form.version > 0 && <span class="tag ok">{t('ownWords', form.version)}</span>}
        <span class="spring" />
        <button data-testid="text-edit" aria-label={t('editText', t(`template_${form.template}`), form.locale)} onClick={edit}>
          {t('edit')}
        </button>
      </div>
      <p>{form.example}</p>
    </li>
  )
}

function byTemplate(forms: readonly TextForm[]): [TextForm['template'], TextForm[]][] {
  const found = new Map<TextForm['template'], TextForm[]>()
  for (const form of forms) found.set(form.template, [...(found.get(form.template) ?? []), form])
  return [...found]
}

function Texts() {
  const [forms, setForms] = useState<TextForm[] | null>(null)
  const [editing, setEditing] = useState<TextForm | null>(null)
  const { problem, run } = useAct()
  const load = (): void => void run(async () => setForms(await get<TextForm[]>('/templates')))
  useEffect(load, [])
  const close = (): void => {
    setEditing(null)
    load()
  }
  if (!forms) return problem ? <Refusal problem={problem} /> : <p class="loading">{t('loading')}</p>
  return (
    <>
      <p class="soft">{t('textsMean')}</p>
      {byTemplate(forms).map(([template, both]) => (
        <section class="stack">
          <h2>{t(`template_${template}`)}</h2>
          <ul class="texts">
            {both.map((form) => (
              <Row key={form.locale} form={form} edit={() => setEditing(form)} />
            ))}
          </ul>
        </section>
      ))}
      {editing && <Editor form={editing} close={close} />}
    </>
  )
}

function TextsPage() {
  return (
    <StaffPage here="texts" title={t('texts')}>
      {(me) => (me.role === 'doctor' ? <p class="message bad">{t('notForYou')}</p> : <Texts />)}
    </StaffPage>
  )
}

mount(TextsPage, () => t('title'))
