// Why camera and microphone are not there, and what to do about it in this browser.
import { trouble } from '../../shared/call/own'
import { secureAddress } from '../../shared/secure'
import { hospital, keptFragment } from '../state'
import { t } from '../words'

type Help = 'help_safari' | 'help_firefox' | 'help_chrome_iphone' | 'help_huawei' | 'help_chrome' | 'help_wechat' | 'help_other'

/** The first that fits: most browsers also call themselves Safari or Chrome. */
const HELP: readonly [RegExp, Help][] = [
  [/MicroMessenger/i, 'help_wechat'],
  [/Firefox|FxiOS/, 'help_firefox'],
  [/CriOS|EdgiOS/, 'help_chrome_iphone'],
  [/HuaweiBrowser|HonorBrowser|MiuiBrowser|HeyTapBrowser|VivoBrowser/, 'help_huawei'],
  [/Chrome|Edg/, 'help_chrome'],
  [/Safari/, 'help_safari'],
]

export function permissionHelp(agent: string): Help {
  return HELP.find(([named]) => named.test(agent))?.[1] ?? 'help_other'
}

export function MediaTrouble() {
  const what = trouble.value
  if (!what) return null
  return (
    <div class="message" role="alert" data-testid="media-trouble" data-trouble={what}>
      <p>{t(`media_${what}`)}</p>
      {what === 'denied' && <p>{t(permissionHelp(navigator.userAgent))}</p>}
      {what === 'insecure' && <a href={secureAddress(hospital.value, location, keptFragment())}>{t('openSecure')}</a>}
    </div>
  )
}
