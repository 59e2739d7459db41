// How to trust the hospital's own certificate authority, system by system.
import { mount } from '../shared/ui/mount'
import { Plain } from './Plain'
import { t } from './words'

const SYSTEMS = [
  { id: 'ios', title: 'caIos', agent: /iPhone|iPad/ },
  { id: 'android', title: 'caAndroid', agent: /Android/ },
  { id: 'windows', title: 'caWindows', agent: /Windows/ },
  { id: 'mac', title: 'caMac', agent: /Mac OS X/ },
  { id: 'firefox', title: 'caFirefox', agent: /Firefox/ },
] as const

function steps(id: (typeof SYSTEMS)[number]['id']): string[] {
  const words = {
    ios: () => t('caIosSteps', 'Bedside'),
    android: () => t('caAndroidSteps'),
    windows: () => t('caWindowsSteps'),
    mac: () => t('caMacSteps'),
    firefox: () => t('caFirefoxSteps'),
  }
  return words[id]().split('\n')
}

function CaPage() {
  const here = SYSTEMS.find(({ agent }) => agent.test(navigator.userAgent))
  return (
    <Plain>
      <h1>{t('caHeading')}</h1>
      <p>{t('caWhy')}</p>
      <a class="button primary" href="/ca.crt" download="bedside-ca.crt" data-testid="ca-download">
        {t('caDownload')}
      </a>
      <p class="message">{t('caCare')}</p>
      {SYSTEMS.map((system) => (
        <details open={system === here} data-testid={`ca-${system.id}`}>
          <summary>{t(system.title)}</summary>
          <ol>
            {steps(system.id).map((step) => (
              <li>{step}</li>
            ))}
          </ol>
        </details>
      ))}
    </Plain>
  )
}

mount(CaPage, () => t('caTitle'))
