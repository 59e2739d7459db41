// What the server sends and takes, as the API and the live topics spell it. Types only, by subject.
export type * from './clinic'
export type * from './devices'
export type * from './hospital'
export type * from './messages'
export type * from './monitoring'
export type * from './roster'
export type * from './visit'
