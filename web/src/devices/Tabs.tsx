// Tabs as WAI-ARIA has them: arrows move, one panel.
import type { ComponentChildren } from 'preact'
import { useRef } from 'preact/hooks'

interface Props<T extends string> {
  label: string
  all: readonly T[]
  chosen: T
  choose: (chosen: T) => void
  name: (each: T) => string
  children: ComponentChildren
}

export function Tabs<T extends string>({ label, all, chosen, choose, name, children }: Props<T>) {
  const list = useRef<HTMLDivElement>(null)
  const move = (event: KeyboardEvent): void => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
    const next = step && all[(all.indexOf(chosen) + step + all.length) % all.length]
    if (!next) return
    event.preventDefault()
    choose(next)
    list.current?.querySelector<HTMLButtonElement>(`[data-tab='${next}']`)?.focus()
  }
  return (
    <div class="tabs">
      <div role="tablist" aria-label={label} ref={list} onKeyDown={move}>
        {all.map((each) => (
          <button type="button" role="tab" id={`tab-${each}`} data-tab={each} data-testid={`tab-${each}`} aria-selected={each === chosen} aria-controls="tab-panel" tabIndex={each === chosen ? 0 : -1} onClick={() => choose(each)}>
            {name(each)}
          </button>
        ))}
      </div>
      <div role="tabpanel" id="tab-panel" aria-labelledby={`tab-${chosen}`}>
        {children}
      </div>
    </div>
  )
}
