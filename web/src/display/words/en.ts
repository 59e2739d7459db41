// English of the waiting-room board: few words, read from afar.
import { en as shared } from '../../shared/words/en'

export const en = {
  ...shared,
  title: 'Waiting room',
  calling: 'Now called',
  soon: 'The next number is called soon',
  nobody: 'Nobody is waiting',
  waiting: (count: number) => `${count} waiting`,
  doctors: (count: number) => (count === 1 ? '1 doctor' : `${count} doctors`),
  suspended: 'The doctor has paused. Places are kept.',
  outOfDate: (time: string) => `Out of date: nothing new since ${time}`,
  noSession: 'There is no such line today.',
}
