// A native modal dialog: the browser keeps the focus inside, Escape closes it.
import type { ComponentChildren } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'

export function Dialog({ title, close, children, testid }: { title: string; close: () => void; children: ComponentChildren; testid: string }) {
  const element = useRef<HTMLDialogElement>(null)
  const gone = useRef(false)
  useLayoutEffect(() => {
    const dialog = element.current
    if (dialog && !dialog.open) dialog.showModal()
    return () => {
      gone.current = true // what took its place is not to be closed with it
      dialog?.close()
    }
  }, [])
  return (
    <dialog ref={element} aria-label={title} data-testid={testid} onClose={() => gone.current || close()}>
      <div class="stack">
        <h2>{title}</h2>
        {children}
      </div>
    </dialog>
  )
}
