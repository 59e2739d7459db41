// A button that copies; where the browser keeps the clipboard shut, it selects the text for the person to copy.
import { useState } from 'preact/hooks'
import { t } from '../words'

type Done = 'copied' | 'selected' | null

/** On plain http of another machine there is no navigator.clipboard. */
async function copy(text: string): Promise<boolean> {
  const clipboard = (navigator as Partial<Navigator>).clipboard
  return clipboard ? clipboard.writeText(text).then(() => true, () => false) : false
}

function select(shownIn: string): void {
  const place = document.getElementById(shownIn)
  const selection = getSelection()
  if (place && selection) selection.selectAllChildren(place)
}

/** `shownIn` is the id of the element that shows the text. */
export function Copy({ text, label, testid, shownIn }: { text: string; label?: string; testid: string; shownIn?: string }) {
  const [done, setDone] = useState<Done>(null)
  const act = async (): Promise<void> => {
    const copied = await copy(text)
    if (!copied && shownIn) select(shownIn)
    setDone(copied ? 'copied' : shownIn ? 'selected' : null)
  }
  return (
    <>
      <button type="button" class="small" data-testid={testid} onClick={() => void act()}>
        {done === 'copied' ? `✓ ${t('copied')}` : (label ?? t('copy'))}
      </button>
      <span class="small soft" role="status">
        {done === 'selected' ? t('copySelected') : ''}
      </span>
    </>
  )
}
