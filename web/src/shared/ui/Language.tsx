// The switch names the other language in that language.
import { chooseLanguage, language } from '../language'

export function LanguageSwitch() {
  const other = language.value === 'en' ? 'zh-CN' : 'en'
  return (
    <button class="quiet" lang={other} data-testid="language" onClick={() => chooseLanguage(other)}>
      {other === 'en' ? 'English' : '中文'}
    </button>
  )
}
