// The bytes as they came: text with what cannot be seen named in it, or hex. Never as markup.
import { useState } from 'preact/hooks'
import { asText, hexLines, parts } from './bytes'
import { t } from './words'

const SHOWN = 16_384 // more than a person reads; the whole is in the correction

export function Bytes({ bytes, label }: { bytes: Uint8Array; label: string }) {
  const text = asText(bytes)
  const [hex, setHex] = useState(text === null)
  return (
    <div class="stack bytes">
      <div class="head">
        <h3>{label}</h3>
        <span class="spring" />
        {text !== null && (
          <button class="small" aria-pressed={hex} data-testid="bytes-hex" onClick={() => setHex(!hex)}>
            {hex ? t('asText') : t('asHex')}
          </button>
        )}
      </div>
      <pre class={hex ? 'hex' : ''} tabIndex={0} aria-label={label} data-testid="bytes">
        {hex || text === null
          ? hexLines(bytes.subarray(0, SHOWN)).join('\n')
          : parts(text.slice(0, SHOWN)).map((part) => (part.hidden ? <span class="unseen">{part.text}</span> : part.text))}
      </pre>
      {bytes.length > SHOWN && <p class="small soft">{t('firstShown', SHOWN)}</p>}
    </div>
  )
}
