// This page's catalogue, with the shared words in it.
import { translator } from '../../shared/language'
import { en } from './en'
import { zh } from './zh'

export const t = translator(en, zh)
