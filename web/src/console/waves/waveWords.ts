// What a channel is called, and its colour token. Leads have the same names in every language.
import { t } from '../words'

const LEADS: Readonly<Record<string, string>> = { i: 'I', ii: 'II', iii: 'III', avr: 'aVR', avl: 'aVL', avf: 'aVF' }

export const COLOURS: Readonly<Record<string, string>> = { pleth: '--spo2' }

export function channelName(channel: string): string {
  if (channel === 'pleth') return t('wave_pleth')
  const lead = channel.replace('ecg_', '')
  return t('wave_ecg', LEADS[lead] ?? lead.toUpperCase())
}
