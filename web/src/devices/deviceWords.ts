// How a device does, in words: its state, its clock, what of it is known.
import type { Device, DeviceState } from '../shared/wire'
import { t } from './words'
import { en } from './words/en'

export const CHIP: Record<DeviceState, string> = { new: 'tag', active: 'tag ok', lost: 'tag bad', replaced: 'tag', revoked: 'tag' }

/** "Contec PM10 · AB12", whatever of it is known. */
export function kindText({ maker, model, serial }: Device): string {
  return [[maker, model].filter(Boolean).join(' '), serial].filter(Boolean).join(' · ')
}

/** null where it is as good as right. */
export function offsetText(ms: number): string | null {
  const seconds = Math.round(Math.abs(ms) / 1000)
  if (seconds < 5) return null
  const span = seconds < 120 ? t('seconds', seconds) : seconds < 7200 ? t('minutes', Math.round(seconds / 60)) : t('hours', Math.round(seconds / 3600))
  return t(ms > 0 ? 'clockAhead' : 'clockBehind', span)
}

function known(key: string, otherwise: string): string {
  return key in en ? t(key as 'state_new') : otherwise
}

export const refusalText = (reason: string): string => known(`refused_${reason}`, reason)
export const stepText = (action: string): string => known(`step_${action.replace('device.', '')}`, action)
export const columnText = (column: string): string => known(`column_${column}`, column)
export const rowErrorText = (reason: string): string => known(`row_${reason}`, reason)

/** What can still be done with it. */
export function inService({ state }: Device): boolean {
  return state === 'new' || state === 'active'
}
