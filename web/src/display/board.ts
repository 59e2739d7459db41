// How the numbers stand on the board. Pure.

/** The numbers that were not called a moment ago: they flash. */
export function fresh(before: readonly number[], after: readonly number[]): number[] {
  return after.filter((serial) => !before.includes(serial))
}

/** Large for one number, smaller for many: how many stand beside each other. */
export function columns(count: number): number {
  if (count <= 2) return Math.max(1, count)
  return count <= 4 ? 2 : 3
}
