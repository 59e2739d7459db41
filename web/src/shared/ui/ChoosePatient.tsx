// A patient: one of today's, or somebody found by name, telephone number or today's number.
import { useState } from 'preact/hooks'
import { dateOnly } from '../time'
import type { PatientFound } from '../wire'
import { t } from '../words'
import { usePatients } from './patients'
import { Refusal } from './Refusal'

function nameOf({ name, birth_date, phone_end, serials }: PatientFound): string {
  const parts = [name, dateOnly(birth_date), phone_end && `…${phone_end}`, ...serials.map((serial) => t('serialNo', serial))]
  return parts.filter(Boolean).join(' · ')
}

export function ChoosePatient({ chosen, choose }: { chosen: string; choose: (id: string) => void }) {
  const [words, setWords] = useState('')
  const { patients, problem } = usePatients(words)
  const type = (typed: string): void => {
    choose('') // whoever was chosen may not be among those found
    setWords(typed.trim())
  }
  return (
    <>
      <label class="field">
        <span>{t('findPatient')}</span>
        <input type="search" maxLength={60} autocomplete="off" data-testid="find-patient" placeholder={t('findPatientBy')} onInput={(event) => type(event.currentTarget.value)} />
      </label>
      <Refusal problem={problem} />
      {!patients && !problem && <p class="soft">{t('loading')}</p>}
      <p class="soft" role="status" data-testid="no-patients" hidden={patients?.length !== 0}>
        {words ? t('nobodyFound') : t('noPatients')}
      </p>
      {patients && patients.length > 0 && (
        <label class="field">
          <span>{t('patient')}</span>
          <select required data-testid="choose-patient" value={chosen} onChange={(event) => choose(event.currentTarget.value)}>
            <option value="">{t('choosePatient')}</option>
            {patients.map((patient) => (
              <option key={patient.id} value={patient.id}>
                {nameOf(patient)}
              </option>
            ))}
          </select>
        </label>
      )}
    </>
  )
}
