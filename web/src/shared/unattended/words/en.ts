// English of the notice about alarms without a doctor.
import { en as shared } from '../../words/en'

export const en = {
  ...shared,
  unattended: 'Alarms without a doctor',
  left: (doctor: string, patients: number) => `${doctor} is not here any more: the alarms of ${patients === 1 ? '1 patient reach' : `${patients} patients reach`} no doctor.`,
  who: (department: string) => `A doctor of ${department} takes them over, or an administrator says who does.`,
  whoAdmin: 'An administrator says who takes them over.',
  takeOver: 'Take over',
  takeOverFrom: (doctor: string) => `Take over from ${doctor}`,
  assign: 'Assign',
  assignFrom: (doctor: string) => `Who takes over from ${doctor}`,
  means: 'From now on these alarms reach you first: on this page, and by message. Both of you are told; it is kept with your name.',
  meansOther: 'From now on these alarms reach that doctor first. Both are told; it is kept with your name.',
  successor: 'Doctor',
  choose: 'Choose…',
}
