// The language of the page and typed catalogues: English gives the keys, Chinese must have every one of them.
import { effect, signal } from '@preact/signals'

export type Language = 'zh-CN' | 'en'
type Words = Record<string, string | ((...args: never[]) => string)>
type Arguments<Entry> = Entry extends (...args: infer A) => string ? A : []

const REMEMBERED = 'bedside.language'

function remembered(): string | null {
  try {
    return localStorage.getItem(REMEMBERED)
  } catch {
    return null // private windows of some browsers refuse storage
  }
}

function initial(): Language {
  const wish = remembered() ?? navigator.language
  return wish.toLowerCase().startsWith('zh') ? 'zh-CN' : 'en'
}

export const language = signal<Language>(initial())

effect(() => {
  document.documentElement.lang = language.value
})

/** Chosen by a person, so it is kept for the next visit. */
export function chooseLanguage(chosen: Language): void {
  language.value = chosen
  try {
    localStorage.setItem(REMEMBERED, chosen)
  } catch {
    return
  }
}

/** The language a user of the hospital wants, unless this browser was told otherwise. */
export function suggestLanguage(locale: string): void {
  if (remembered() === null) language.value = locale.toLowerCase().startsWith('zh') ? 'zh-CN' : 'en'
}

/** `t(key, …arguments)` over two catalogues of one shape; tsc checks the key and its arguments. */
export function translator<C extends Words>(en: C, zh: { [K in keyof C]: C[K] }) {
  return function t<K extends keyof C>(key: K, ...args: Arguments<C[K]>): string {
    const entry = (language.value === 'zh-CN' ? zh : en)[key] as string | ((...args: unknown[]) => string)
    return typeof entry === 'function' ? entry(...args) : entry
  }
}
