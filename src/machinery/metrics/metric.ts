/** What a metric promises to those who watch it. */
export type Stability = 'ALPHA' | 'BETA' | 'STABLE'

export interface MetricOptions<L extends readonly string[] = readonly string[]> {
  readonly name: string
  readonly help: string
  readonly labels?: L
  /** ALPHA by default. */
  readonly stability?: Stability
}

/** One metric with all of its series, as it is shown. */
export interface Metric {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly stability: Stability
  /** Lines of the text format, one a sample. */
  lines(): Iterable<string>
  /** Forgets all series. */
  reset(): void
}

/** A value that can be looked at. Both methods are cheap, and allocate nothing. */
export class Cell {
  value = 0

  add(amount = 1): void {
    this.value += amount
  }

  set(value: number): void {
    this.value = value
  }
}

/** The distribution of observed values. `observe` is cheap, and allocates nothing. */
export class Distribution {
  readonly counts: Float64Array
  sum = 0

  constructor(readonly bounds: readonly number[]) {
    this.counts = new Float64Array(bounds.length + 1)
  }

  observe(value: number): void {
    const { bounds, counts } = this
    let low = 0
    let high = bounds.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((bounds[middle] as number) < value) low = middle + 1
      else high = middle
    }
    counts[low] = (counts[low] as number) + 1
    this.sum += value
  }

  get count(): number {
    let total = 0
    for (const count of this.counts) total += count
    return total
  }
}

/** The children of a metric by the values of its labels: a tree of one level a label, so that looking up is cheap. */
class Series<C> {
  #only: C | undefined
  readonly #tree = new Map<string, unknown>()
  readonly #all: { readonly values: readonly string[]; readonly child: C }[] = []

  constructor(
    private readonly depth: number,
    private readonly make: () => C,
  ) {}

  of(values: readonly string[]): C {
    if (values.length !== this.depth)
      throw new Error(`${values.length} label values were given for ${this.depth} labels`)
    if (this.depth === 0) return (this.#only ??= this.#made([]))
    let level = this.#tree
    for (let i = 0; i < this.depth - 1; i++) {
      const value = values[i] as string
      let below = level.get(value) as Map<string, unknown> | undefined
      if (!below) level.set(value, (below = new Map()))
      level = below
    }
    const last = values[this.depth - 1] as string
    let child = level.get(last) as C | undefined
    if (!child) level.set(last, (child = this.#made([...values])))
    return child
  }

  *[Symbol.iterator](): Generator<{ readonly values: readonly string[]; readonly child: C }> {
    yield* this.#all
  }

  clear(): void {
    this.#only = undefined
    this.#tree.clear()
    this.#all.length = 0
  }

  #made(values: readonly string[]): C {
    const child = this.make()
    this.#all.push({ values, child })
    return child
  }
}

type Values<L extends readonly string[]> = { readonly [K in keyof L]: string }

abstract class Family<L extends readonly string[], C> implements Metric {
  abstract readonly type: Metric['type']
  readonly name: string
  readonly help: string
  readonly stability: Stability
  protected readonly labels: readonly string[]
  protected readonly series: Series<C>

  constructor({ name, help, labels, stability = 'ALPHA' }: MetricOptions<L>, make: () => C) {
    this.name = name
    this.help = help
    this.stability = stability
    this.labels = labels ?? []
    this.series = new Series(this.labels.length, make)
    // What has no labels is there from the beginning.
    if (this.labels.length === 0) this.series.of([])
  }

  /** The series with these values of the labels. Whoever counts often keeps it. */
  with(...values: Values<L>): C {
    return this.series.of(values)
  }

  reset(): void {
    this.series.clear()
    if (this.labels.length === 0) this.series.of([])
  }

  abstract lines(): Iterable<string>
}

/** Counts up, or shows a value that goes up and down. */
export class ValueMetric<L extends readonly string[] = readonly []> extends Family<L, Cell> {
  constructor(
    readonly type: 'counter' | 'gauge',
    options: MetricOptions<L>,
  ) {
    super(options, () => new Cell())
  }

  *lines(): Generator<string> {
    for (const { values, child } of this.series)
      yield `${this.name}${labelText(this.labels, values)} ${numberText(child.value)}`
  }
}

export class HistogramMetric<L extends readonly string[] = readonly []> extends Family<L, Distribution> {
  readonly type = 'histogram'

  constructor(options: MetricOptions<L>, bounds: readonly number[]) {
    super(options, () => new Distribution(bounds))
  }

  *lines(): Generator<string> {
    const { name, labels } = this
    const bounded = [...labels, 'le']
    for (const { values, child } of this.series) {
      let total = 0
      for (let i = 0; i < child.counts.length; i++) {
        total += child.counts[i] ?? 0
        const bound = child.bounds[i]
        const le = bound === undefined ? '+Inf' : numberText(bound)
        yield `${name}_bucket${labelText(bounded, [...values, le])} ${total}`
      }
      const own = labelText(labels, values)
      yield `${name}_sum${own} ${numberText(child.sum)}`
      yield `${name}_count${own} ${total}`
    }
  }
}

function labelText(names: readonly string[], values: readonly string[]): string {
  if (names.length === 0) return ''
  return `{${names.map((name, i) => `${name}="${escaped(values[i] ?? '')}"`).join(',')}}`
}

const escaped = (value: string): string =>
  /[\\"\n]/.test(value) ? value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n') : value

/** As Go writes a float: plain up to 21 digits, with a two-digit exponent beyond. */
function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  const size = Math.abs(value)
  if (size === 0 || (size >= 1e-4 && size < 1e21)) return String(value)
  return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2')
}
