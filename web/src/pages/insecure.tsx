// Plain http from another device: why that is not enough, and the way to https. Works without the API.
import { useEffect, useState } from 'preact/hooks'
import { get } from '../shared/api'
import { secureAddress } from '../shared/secure'
import { mount } from '../shared/ui/mount'
import type { Hospital } from '../shared/wire'
import { Plain } from './Plain'
import { t } from './words'

function InsecurePage() {
  const [hospital, setHospital] = useState<Hospital | null>(null)
  useEffect(() => void get<Hospital>('/hospital').then(setHospital, () => undefined), [])
  const address = secureAddress(hospital, location, location.hash)
  return (
    <Plain>
      <h1>{t('insecureHeading')}</h1>
      <p>{t('insecureWhy')}</p>
      <a class="button primary" href={address} data-testid="secure-link">
        {t('insecureOpen')}
      </a>
      <p class="soft address">{address.split('#')[0]}</p>
      <p>
        {t('insecureTrust')} <a href="/ca">{t('insecureHow')}</a>
      </p>
    </Plain>
  )
}

mount(InsecurePage, () => t('insecureTitle'))
