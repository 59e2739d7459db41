// The notice's catalogue, with the shared words in it.
import { translator } from '../../language'
import { en } from './en'
import { zh } from './zh'

export const t = translator(en, zh)
