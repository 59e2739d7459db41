// The catalogue of the notifications of this browser.
import { translator } from '../../language'
import { en } from './en'
import { zh } from './zh'

export const t = translator(en, zh)
