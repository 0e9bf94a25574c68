import type { Labels, Selector } from '../machinery/labels.js'

/** A label and its value as one text. */
export type LabelPair = string

const pairOf = (key: string, value: string): LabelPair => `${key}=${value}`

/** What a pod carries. */
export const carried = (labels: Labels | undefined): LabelPair[] =>
  Object.entries(labels ?? {}).map(([key, value]) => pairOf(key, value))

/** What everything carries that the selector selects; it may ask for more. */
export const demanded = ({ requirements }: Selector): LabelPair[] =>
  requirements.flatMap(({ key, operator, values: [value, ...others] }) =>
    (operator === '=' || operator === '==' || operator === 'in') && value !== undefined && others.length === 0
      ? [pairOf(key, value)]
      : [],
  )

/** Sets of things by label pair. */
export class ByPair<T> {
  readonly #sets = new Map<LabelPair, Set<T>>()

  add(pair: LabelPair, thing: T): void {
    const set = this.#sets.get(pair)
    if (set) set.add(thing)
    else this.#sets.set(pair, new Set([thing]))
  }

  delete(pair: LabelPair, thing: T): void {
    const set = this.#sets.get(pair)
    set?.delete(thing)
    if (set?.size === 0) this.#sets.delete(pair)
  }

  get(pair: LabelPair): ReadonlySet<T> {
    return this.#sets.get(pair) ?? empty
  }

  /** Of several pairs the one that the fewest things have; undefined if there are none. */
  rarest(pairs: readonly LabelPair[]): LabelPair | undefined {
    let rarest: LabelPair | undefined
    for (const pair of pairs) if (rarest === undefined || this.get(pair).size < this.get(rarest).size) rarest = pair
    return rarest
  }
}

const empty: ReadonlySet<never> = new Set()
