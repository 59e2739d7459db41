// Single-key shortcuts that stay out of the way of typing, dialogs and the browser's own keys.
import { useEffect, useRef } from 'preact/hooks'

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
}

function isOurs(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || isTyping(event.target)) return false
  return document.querySelector('dialog[open]') === null
}

/** Calls the latest `act` when the key is pressed anywhere on the page. */
export function useShortcut(key: string, act: () => void): void {
  const latest = useRef(act)
  latest.current = act
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      if (event.key.toLowerCase() === key && isOurs(event)) latest.current()
    }
    addEventListener('keydown', pressed)
    return () => removeEventListener('keydown', pressed)
  }, [key])
}
