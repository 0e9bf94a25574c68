import type { Pod } from '../../api/core/v1/index.js'
import type { Key } from '../../client/controller.js'
import type { Selector } from '../../machinery/labels.js'

/** Which pods the autoscalers scale, by their targets' selectors. */
export class ClaimedPods {
  readonly #selectors = new Map<string, { readonly key: Key; readonly selector: Selector }>()

  /** Notes whom an autoscaler scales. */
  set(key: Key, selector: Selector): void {
    this.#selectors.set(textOf(key), { key, selector })
  }

  delete(key: Key): void {
    this.#selectors.delete(textOf(key))
  }

  /** The autoscalers of a namespace that scale any of these pods, in the order of their names. */
  of(namespace: string, pods: readonly Pod[]): readonly Key[] {
    return [...this.#selectors.values()]
      .filter(
        ({ key, selector }) =>
          key.namespace === namespace && pods.some(({ metadata }) => selector.matches(metadata.labels)),
      )
      .map(({ key }) => key)
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  }
}

const textOf = ({ namespace, name }: Key): string => `${namespace}/${name}`
