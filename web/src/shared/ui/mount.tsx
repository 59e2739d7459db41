// Puts a page into its document and keeps the document's title in the page's language.
import { effect } from '@preact/signals'
import { render, type ComponentType } from 'preact'
import '../style/base.css'

export function mount(Page: ComponentType, title: () => string): void {
  effect(() => {
    document.title = title()
  })
  const place = document.getElementById('page')
  if (place) render(<Page />, place)
}
