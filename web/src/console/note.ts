// The draft of a visit's note: saved a second after the last key, in order, and never over somebody else's version.
import { signal } from '@preact/signals'
import { get, put, toProblem, type Problem } from '../shared/api'
import type { Note, Visit } from '../shared/wire'

const PAUSE_MS = 1000
const RETRY_MS = 5000

export type NoteState = 'saved' | 'unsaved' | 'saving' | 'conflict' | 'failed'

export class NoteDraft {
  readonly body = signal('')
  readonly state = signal<NoteState>('saved')
  readonly savedAt = signal<string | null>(null)
  readonly problem = signal<Problem | null>(null)
  private version = 0
  private timer: ReturnType<typeof setTimeout> | undefined
  private saving: Promise<void> | null = null

  constructor(private readonly visitId: string, note: Note | null) {
    this.adopt(note)
  }

  edit(body: string): void {
    this.body.value = body
    if (this.state.value === 'conflict') return
    this.state.value = 'unsaved'
    this.saveIn(PAUSE_MS)
  }

  /** Resolves when what is on the screen is stored, or when it is clear that it is not. */
  async save(): Promise<void> {
    clearTimeout(this.timer)
    if (this.saving) await this.saving
    if (this.state.value === 'saved' || this.state.value === 'conflict') return
    this.saving = this.send()
    await this.saving
    this.saving = null
  }

  /** The page is being closed: one last try that outlives it. */
  saveOnLeaving(): void {
    if (this.state.value !== 'unsaved' && this.state.value !== 'failed') return
    void put(`/visits/${this.visitId}/note`, { body: this.body.value, version: this.version }, true).catch(() => undefined)
  }

  async takeTheirs(): Promise<void> {
    const visit = await get<Visit>(`/visits/${this.visitId}`)
    this.adopt(visit.note)
  }

  /** Mine becomes a new version after theirs; theirs stays stored. */
  async keepMine(): Promise<void> {
    const visit = await get<Visit>(`/visits/${this.visitId}`)
    this.version = visit.note?.version ?? 0
    this.state.value = 'unsaved'
    await this.save()
  }

  private adopt(note: Note | null): void {
    this.body.value = note?.body ?? ''
    this.version = note?.version ?? 0
    this.savedAt.value = note?.written_at ?? null
    this.state.value = 'saved'
  }

  private saveIn(ms: number): void {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => void this.save(), ms)
  }

  private async send(): Promise<void> {
    const body = this.body.value
    this.state.value = 'saving'
    try {
      const note = await put<Note>(`/visits/${this.visitId}/note`, { body, version: this.version })
      this.version = note.version
      this.savedAt.value = note.written_at
      this.state.value = 'saved'
      if (this.body.value !== body) this.edit(this.body.value)
    } catch (error) {
      this.refused(toProblem(error))
    }
  }

  private refused(problem: Problem): void {
    this.problem.value = problem
    this.state.value = problem.slug === 'note-changed' ? 'conflict' : 'failed'
    if (problem.slug === 'offline') this.saveIn(RETRY_MS)
  }
}
