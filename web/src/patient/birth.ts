// A birth date from three typed numbers. Pure.

/** "1958-03-02", or null where there is no such day or it lies ahead. */
export function birthDate(year: string, month: string, day: string, today: string): string | null {
  if (!/^\d{4}$/.test(year) || !/^\d{1,2}$/.test(month) || !/^\d{1,2}$/.test(day)) return null
  const date = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`
  const parsed = new Date(`${date}T00:00:00Z`)
  if (Number.isNaN(parsed.getTime()) || parsed.toISOString().slice(0, 10) !== date) return null
  return date >= '1900-01-01' && date <= today ? date : null
}
