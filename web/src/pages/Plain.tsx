// The frame of the pages that only explain.
import type { ComponentChildren } from 'preact'
import { LanguageSwitch } from '../shared/ui/Language'
import './pages.css'

export function Plain({ children }: { children: ComponentChildren }) {
  return (
    <div class="plain-page">
      <header>
        <b class="brand">Bedside</b>
        <LanguageSwitch />
      </header>
      <main>{children}</main>
    </div>
  )
}
