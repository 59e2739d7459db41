// An address that leads nowhere: the ways that do lead on, and whom to call.
import { useEffect, useState } from 'preact/hooks'
import { get } from '../shared/api'
import { mount } from '../shared/ui/mount'
import type { Hospital } from '../shared/wire'
import { Plain } from './Plain'
import { t } from './words'

function NotFoundPage() {
  const [hospital, setHospital] = useState<Hospital | null>(null)
  useEffect(() => void get<Hospital>('/hospital').then(setHospital, () => undefined), [])
  return (
    <Plain>
      <h1 data-testid="not-found">{t('lostHeading')}</h1>
      <p>{t('lostWhy')}</p>
      <a class="button primary" href="/join">
        {t('lostLink')}
      </a>
      <a class="button" href="/book">
        {t('lostBook')}
      </a>
      <a class="button" href="/console">
        {t('lostStaff')}
      </a>
      {hospital?.telephone && (
        <a class="button" href={`tel:${hospital.telephone}`}>
          ☎ {hospital.telephone}
        </a>
      )}
    </Plain>
  )
}

mount(NotFoundPage, () => t('lostTitle'))
