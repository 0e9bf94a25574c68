import type { Pod } from '../api/core/v1/index.js'
import { ByPair, carried, demanded, type LabelPair } from './label-pairs.js'
import type { PodSelection } from './pod-selection.js'
import type { PodTally } from './pod-tally.js'

/** Pods to be counted. */
export interface PodQuery {
  /** A pod counts if all of them select it. */
  readonly selections: readonly PodSelection[]
  /** Count pods that are being deleted as well. */
  readonly terminating: boolean
}

export interface Answer {
  readonly query: PodQuery
  readonly tally: PodTally
}

interface Kept extends Answer {
  /** A label that all pods carry which are counted, if the query tells of one. */
  readonly pair: LabelPair | undefined
}

/** Queries whose counts are kept; those asked for least recently go first. */
const capacity = 512

/** Labels that every pod of a query carries. */
export const demandedBy = ({ selections }: PodQuery): LabelPair[] =>
  selections.flatMap(({ selector }) => demanded(selector))

const keyOf = ({ terminating, selections }: PodQuery): string =>
  `${terminating}|${selections.map(({ key }) => key).join('&')}`

/** Counts that were asked for, found by the pods they may count: most of many queries ask for an application's label. */
export class KeptAnswers {
  readonly #answers = new Map<string, Kept>()
  readonly #byPair = new ByPair<Kept>()
  /** Those that any pod may be counted by. */
  readonly #unlabelled = new Set<Kept>()

  /** The answer to a query, made if it is not known. */
  get(query: PodQuery, make: () => PodTally): Answer {
    const key = keyOf(query)
    let answer = this.#answers.get(key)
    if (answer) this.#answers.delete(key)
    else {
      answer = { query, tally: make(), pair: this.#byPair.rarest(demandedBy(query)) }
      if (answer.pair === undefined) this.#unlabelled.add(answer)
      else this.#byPair.add(answer.pair, answer)
    }
    this.#answers.set(key, answer)
    if (this.#answers.size > capacity) {
      const [oldest] = this.#answers
      if (oldest) this.#drop(...oldest)
    }
    return answer
  }

  /** Answers that may count the pod. */
  *about({ metadata }: Pod): Iterable<Answer> {
    yield* this.#unlabelled
    for (const pair of carried(metadata.labels)) yield* this.#byPair.get(pair)
  }

  all(): Iterable<Answer> {
    return this.#answers.values()
  }

  /** Forgets answers to such queries. */
  forget(concerns: (query: PodQuery) => boolean): void {
    for (const [key, answer] of this.#answers) if (concerns(answer.query)) this.#drop(key, answer)
  }

  #drop(key: string, answer: Kept): void {
    this.#answers.delete(key)
    if (answer.pair === undefined) this.#unlabelled.delete(answer)
    else this.#byPair.delete(answer.pair, answer)
  }
}
