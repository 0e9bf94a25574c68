import { HistogramMetric, type Metric, type MetricOptions, ValueMetric } from './metric.js'

/**
 * The metrics of a component, shown in Prometheus' text format:
 * https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 */
export class MetricsRegistry {
  readonly #metrics = new Map<string, Metric>()
  readonly #collectors: (() => void)[] = []

  /** Throws if there is a metric of that name. */
  counter<const L extends readonly string[] = readonly []>(options: MetricOptions<L>): ValueMetric<L> {
    return this.#add(new ValueMetric('counter', options))
  }

  gauge<const L extends readonly string[] = readonly []>(options: MetricOptions<L>): ValueMetric<L> {
    return this.#add(new ValueMetric('gauge', options))
  }

  /** `bounds` are the upper ends of its buckets, ascending, without infinity. */
  histogram<const L extends readonly string[] = readonly []>(
    options: MetricOptions<L>,
    bounds: readonly number[],
  ): HistogramMetric<L> {
    return this.#add(new HistogramMetric(options, bounds))
  }

  /** Calls `collector` before the metrics are shown: for values that are looked up rather than kept. */
  collect(collector: () => void): void {
    this.#collectors.push(collector)
  }

  /** Everything, sorted by name. */
  text(): string {
    for (const collector of this.#collectors) collector()
    const parts: string[] = []
    for (const metric of [...this.#metrics.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const lines = [...metric.lines()]
      if (lines.length === 0) continue
      const help = metric.help.replace(/\\/g, '\\\\').replace(/\n/g, '\\n')
      parts.push(
        `# HELP ${metric.name} [${metric.stability}] ${help}`,
        `# TYPE ${metric.name} ${metric.type}`,
        ...lines,
      )
    }
    return parts.length > 0 ? `${parts.join('\n')}\n` : ''
  }

  #add<M extends Metric>(metric: M): M {
    if (this.#metrics.has(metric.name)) throw new Error(`there is a metric ${metric.name} already`)
    this.#metrics.set(metric.name, metric)
    return metric
  }
}

/** The content type of `MetricsRegistry.text`. */
export const metricsContentType = 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores'

/** Bounds that grow by a factor: `first`, `first * factor`, ... */
export const exponentialBounds = (first: number, factor: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, i) => first * factor ** i)
