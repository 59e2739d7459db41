// The trends of one patient: seeded from the stored readings, then every live value is added at its place.
import { signal } from '@preact/signals'
import { get } from '../shared/api'
import { serverNow } from '../shared/clock'
import type { MetricValue, Readings } from '../shared/wire'
import { add, trim, WINDOW_MS, type Point } from './series'

export class Trends {
  readonly series = signal<ReadonlyMap<string, readonly Point[]>>(new Map())
  private readonly seeded = new Set<string>()

  constructor(private readonly patientId: string) {}

  /** Fills in what happened before this page, or while it was blind. */
  async seed(metrics: readonly string[]): Promise<void> {
    const wanted = metrics.filter((metric) => !this.seeded.has(metric))
    if (!wanted.length) return
    for (const metric of wanted) this.seeded.add(metric)
    const path = `/patients/${this.patientId}/readings?metrics=${wanted.join(',')}&minutes=30`
    const readings = await get<Readings>(path).catch(() => null)
    if (!readings) return wanted.forEach((metric) => this.seeded.delete(metric))
    for (const [metric, points] of Object.entries(readings.series)) for (const point of points) this.put(metric, point, false)
    this.series.value = new Map(this.series.value)
  }

  forgetSeeds(): void {
    this.seeded.clear()
  }

  see({ metric, at, value }: MetricValue): void {
    this.put(metric, [new Date(at).getTime(), value], true)
  }

  private put(metric: string, point: Point, publish: boolean): void {
    const before = this.series.peek().get(metric) ?? []
    const last = before[before.length - 1]
    if (last && last[0] === point[0] && last[1] === point[1]) return
    const after = trim(add(before, point), serverNow() - WINDOW_MS)
    const all = publish ? new Map(this.series.peek()) : (this.series.peek() as Map<string, readonly Point[]>)
    all.set(metric, after)
    if (publish) this.series.value = all
  }
}
