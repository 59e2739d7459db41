// The house, who is signed in, and words that all others use. Types only.

export type Role = 'patient' | 'doctor' | 'operator' | 'admin'
export type Priority = 'high' | 'medium' | 'low'
export type Moment = string // RFC 3339, UTC
export interface Me {
  id: string
  login: string
  name: string
  role: Role
  locale: string
}
/** One's own second factors. One shown in this sign-in counts until `fresh_until`. */
export interface Factors {
  totp: boolean
  passkeys: { id: string; label: string; created_at: Moment }[]
  stepped_up_at: Moment | null
  fresh_until: Moment | null
}
export interface Hospital {
  name: string
  telephone: string
  demonstration: boolean
  time_zone: string
  version: string
  public_url?: string | null
}
export type Sex = 'female' | 'male' | 'other' | 'unknown'
export interface Named {
  id: string
  name: string
}
export type SessionState = 'planned' | 'open' | 'suspended' | 'closed'
export type VisitKind = 'follow_up' | 'advice' | 'report' | 'renewal'
export type VisitState = 'called' | 'in_visit' | 'ended' | 'missed'
