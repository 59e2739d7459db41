// English of the page of the hospital's words.
import { deliveries } from '../../shared/words/deliveries.en'
import { en as shared } from '../../shared/words/en'

export const en = {
  ...shared,
  ...deliveries,
  title: 'Texts · Bedside',
  notForYou: 'The texts are for operators and administrators.',
  textsMean: 'As each message would go out, filled with examples. A change holds for messages written from then on.',
  parts: (count: number) => (count === 1 ? '1 SMS part' : `${count} SMS parts`),
  ownWords: (version: number) => `own words, version ${version}`,
  edit: 'Edit',
  editText: (name: string, locale: string) => `${name}, ${locale === 'en' ? 'English' : 'Chinese'}`,
  words: 'Words',
  needed: (slots: string) => `Must stand in it: ${slots || 'nothing'}.`,
  free: (slots: string) => `May stand in it: ${slots}.`,
  costs: (parts: number, units: number) => `${parts} SMS ${parts === 1 ? 'part' : 'parts'}, ${units} units`,
  wrongSlot: (slot: string) => `${slot} is missing, or is not known here.`,
  badText: 'This text cannot be taken.',
  changedMeanwhile: 'Somebody else has changed this text meanwhile. Close it and look again.',
  builtIn: 'Built-in words',
  save: 'Save',
}
