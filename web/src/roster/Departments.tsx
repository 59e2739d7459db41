// Departments, with their names in both languages; whether their field is the medicine of children.
import { useState } from 'preact/hooks'
import { post, put } from '../shared/api'
import { Dialog } from '../shared/ui/Dialog'
import { Field } from '../shared/ui/Field'
import { FormEnd } from '../shared/ui/FormEnd'
import { useAct } from '../shared/ui/useAct'
import type { DepartmentRow } from '../shared/wire'
import { load, type Roster } from './state'
import { t } from './words'

function DepartmentDialog({ department, close }: { department: DepartmentRow | null; close: () => void }) {
  const { busy, problem, run } = useAct()
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    const form = new FormData(event.currentTarget as HTMLFormElement)
    const wanted = { name: String(form.get('name')).trim(), name_en: String(form.get('name_en')).trim(), childrens: form.has('childrens') }
    const save = (): Promise<unknown> => (department ? put(`/roster/departments/${department.id}`, wanted) : post('/roster/departments', wanted))
    void run(save).then((done) => {
      if (!done) return
      close()
      void load()
    })
  }
  return (
    <Dialog title={department ? department.name : t('addDepartment')} close={close} testid="department-dialog">
      <form class="stack" onSubmit={submit}>
        <Field label={t('departmentName')}>
          <input name="name" required maxLength={60} defaultValue={department?.name ?? ''} data-testid="department-name" autocomplete="off" />
        </Field>
        <Field label={t('departmentNameEn')}>
          <input name="name_en" required maxLength={60} defaultValue={department?.name_en ?? ''} data-testid="department-name-en" autocomplete="off" />
        </Field>
        <label class="check">
          <input type="checkbox" name="childrens" defaultChecked={department?.childrens ?? false} />
          {t('childrens')}
        </label>
        <FormEnd problem={problem} busy={busy} back={close} backText={t('cancel')} sendText={t('save')} testid="department-submit" />
      </form>
    </Dialog>
  )
}

export function Departments({ all }: { all: Roster }) {
  const [editing, setEditing] = useState<{ department: DepartmentRow | null } | null>(null)
  return (
    <section class="stack" data-testid="departments">
      <div class="head">
        <h2>{t('departments')}</h2>
        <button data-testid="department-add" onClick={() => setEditing({ department: null })}>
          ＋ {t('addDepartment')}
        </button>
      </div>
      <ul class="plain">
        {all.departments.map((department) => (
          <li class="head" data-testid="department">
            <b>{department.name}</b>
            <span class="soft">{department.name_en}</span>
            {department.childrens && <span class="tag">{t('childrensShort')}</span>}
            <button class="quiet" aria-label={t('editDepartment', department.name)} onClick={() => setEditing({ department })}>
              {t('edit')}
            </button>
          </li>
        ))}
      </ul>
      {editing && <DepartmentDialog department={editing.department} close={() => setEditing(null)} />}
    </section>
  )
}
