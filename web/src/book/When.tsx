// With whom and when, in two lines.
import { clockTime, dayLong } from '../shared/time'
import type { Hours } from './state'

export function When({ doctor, hours }: { doctor: string; hours: Hours }) {
  return (
    <p>
      <b>{doctor}</b>
      <br />
      {dayLong(hours.opens_at)}{' '}
      <span class="num">
        {clockTime(hours.opens_at)}–{clockTime(hours.closes_at)}
      </span>
    </p>
  )
}
