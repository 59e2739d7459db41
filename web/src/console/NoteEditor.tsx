// The note under the face: saves itself, says when it did, and what to do when somebody else wrote meanwhile.
import { clockTime } from '../shared/time'
import { problemText } from '../shared/words'
import type { NoteDraft } from './note'
import { t } from './words'

function stateText(draft: NoteDraft): string {
  const at = draft.savedAt.value
  switch (draft.state.value) {
    case 'saved':
      return at ? t('noteSaved', clockTime(at)) : ''
    case 'saving':
      return t('noteSaving')
    case 'unsaved':
      return t('noteUnsaved')
    case 'failed':
      return t('noteFailed')
    case 'conflict':
      return ''
  }
}

function Conflict({ draft }: { draft: NoteDraft }) {
  return (
    <div class="message bad" role="alert" data-testid="note-conflict">
      <p>{t('problem_note-changed')}</p>
      <div class="actions">
        <button onClick={() => void draft.takeTheirs()}>{t('noteTakeTheirs')}</button>
        <button class="primary" onClick={() => void draft.keepMine()}>
          {t('noteKeepMine')}
        </button>
      </div>
    </div>
  )
}

export function NoteEditor({ draft }: { draft: NoteDraft }) {
  const problem = draft.problem.value
  return (
    <section class="note" aria-label={t('note')}>
      <div class="note-top">
        <h2 id="note-title">{t('note')}</h2>
        <span class="spring" />
        <span class="small soft" role="status" data-testid="note-state" data-state={draft.state.value}>
          {stateText(draft)}
        </span>
        <button data-testid="note-save" disabled={draft.state.value === 'saved'} onClick={() => void draft.save()}>
          {t('save')}
        </button>
      </div>
      {draft.state.value === 'conflict' && <Conflict draft={draft} />}
      {draft.state.value === 'failed' && problem && <p class="wrong">{problemText(problem)}</p>}
      <textarea
        data-testid="note"
        aria-labelledby="note-title"
        placeholder={t('notePlaceholder')}
        value={draft.body.value}
        onInput={(event) => draft.edit(event.currentTarget.value)}
      />
    </section>
  )
}
