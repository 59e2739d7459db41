// This browser will not do: which one will, and the link to take there.
import { useRef, useState } from 'preact/hooks'
import { abilities, betterBrowser, fitness } from './browser'
import { keptFragment } from './state'
import { t } from './words'

/** The old way too: browsers inside apps often have no clipboard of the new kind. */
async function copy(field: HTMLInputElement): Promise<boolean> {
  const clipboard = (navigator as Partial<Navigator>).clipboard
  if (clipboard && (await clipboard.writeText(field.value).then(() => true, () => false))) return true
  field.select()
  return document.execCommand('copy')
}

function Link() {
  const field = useRef<HTMLInputElement>(null)
  const [copied, setCopied] = useState<boolean | null>(null)
  const take = (): void => {
    if (field.current) void copy(field.current).then(setCopied)
  }
  return (
    <div class="take-link">
      <input ref={field} readOnly data-testid="own-link" aria-label={t('ownLink')} value={`${location.origin}/join${keptFragment()}`} onFocus={(event) => event.currentTarget.select()} />
      <button class="second" data-testid="copy-link" onClick={take}>
        {copied ? `✓ ${t('copied')}` : t('copyLink')}
      </button>
      <p class="soft hint" role="status">
        {copied === false ? t('copyByHand') : ''}
      </p>
    </div>
  )
}

export function OtherBrowser() {
  const agent = navigator.userAgent
  const fit = fitness(agent, abilities())
  if (fit === 'fit' || !isSecureContext) return null
  return (
    <section class="card other-browser" role="note" aria-label={t('otherBrowser')} data-testid="other-browser" data-fitness={fit}>
      <h2>{t('otherBrowser')}</h2>
      <p>{t(`fitness_${fit}`)}</p>
      <p>
        <b>{t(`better_${betterBrowser(agent)}`)}</b>
      </p>
      <Link />
    </section>
  )
}
