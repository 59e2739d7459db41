// One message in one language: what is typed, and beside it what would go out. Nothing is saved that cannot be filled.
import { useEffect, useState } from 'preact/hooks'
import { post, put, toProblem, type Problem } from '../shared/api'
import { Dialog } from '../shared/ui/Dialog'
import { Field } from '../shared/ui/Field'
import { useAct } from '../shared/ui/useAct'
import type { TextForm } from '../shared/wire'
import { problemText } from '../shared/words'
import { t } from './words'

const PAUSE_MS = 400

interface Preview {
  text: string
  encoding: string
  units: number
  parts: number
}

function why(problem: Problem): string {
  if (problem.slug !== 'bad-template') return problem.slug === 'template-changed' ? t('changedMeanwhile') : problemText(problem)
  const slot = problem.extras['slot']
  return typeof slot === 'string' && slot ? t('wrongSlot', `{${slot}}`) : t('badText')
}

/** Asked a moment after the last key. */
function usePreview(form: TextForm, body: string): { preview: Preview | null; problem: Problem | null } {
  const [preview, setPreview] = useState<Preview | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  useEffect(() => {
    let gone = false
    const ask = (): void => {
      post<Preview>('/templates/preview', { template: form.template, locale: form.locale, body }).then(
        (found) => {
          if (gone) return
          setPreview(found)
          setProblem(null)
        },
        (error: unknown) => gone || setProblem(toProblem(error)),
      )
    }
    const timer = setTimeout(ask, PAUSE_MS)
    return () => {
      gone = true
      clearTimeout(timer)
    }
  }, [form, body])
  return { preview, problem }
}

export function Editor({ form, close }: { form: TextForm; close: () => void }) {
  const [body, setBody] = useState(form.body)
  const { preview, problem } = usePreview(form, body)
  const act = useAct()
  const save = (event: SubmitEvent): void => {
    event.preventDefault()
    void act.run(() => put(`/templates/${form.template}/${form.locale}`, { body, version: form.version })).then((done) => done && close())
  }
  const refused = act.problem ?? problem
  return (
    <Dialog title={t('editText', t(`template_${form.template}`), form.locale)} close={close} testid="text-dialog">
      <form class="stack" onSubmit={save}>
        <Field label={t('words')} wrong={refused && why(refused)}>
          <textarea data-testid="text-body" rows={5} required maxLength={1000} lang={form.locale} value={body} onInput={(event: InputEvent) => setBody((event.currentTarget as HTMLTextAreaElement).value)} />
        </Field>
        <p class="soft small">
          {t('needed', form.needed.map((slot) => `{${slot}}`).join(' '))} {form.free.length > 0 && t('free', form.free.map((slot) => `{${slot}}`).join(' '))}
        </p>
        <div class="preview-text" aria-live="polite" data-testid="text-preview">
          <p lang={form.locale}>{preview?.text ?? t('loading')}</p>
          {preview && <span class="tag num">{t('costs', preview.parts, preview.units)}</span>}
        </div>
        <div class="actions">
          {body !== form.built_in && (
            <button type="button" class="quiet" data-testid="text-built-in" onClick={() => setBody(form.built_in)}>
              {t('builtIn')}
            </button>
          )}
          <span class="spring" />
          <button type="button" onClick={close}>
            {t('cancel')}
          </button>
          <button class="primary" data-testid="text-save" disabled={act.busy || problem !== null || body === form.body}>
            {t('save')}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
