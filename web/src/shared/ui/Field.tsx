// A labelled field with its own refusal beside it.
import { cloneElement, type VNode } from 'preact'

export function Field({ label, wrong, children }: { label: string; wrong?: string | null; children: VNode<Record<string, unknown>> }) {
  return (
    <label class="field">
      <span>{label}</span>
      {cloneElement(children, { 'aria-invalid': wrong ? 'true' : undefined })}
      {wrong && (
        <small class="wrong" role="alert">
          {wrong}
        </small>
      )}
    </label>
  )
}
