import type { Pod, Service } from '../api/core/v1/index.js'
import { podReadyCondition } from './pod-state.js'

/** On endpoints: when what they show changed, so that it can be measured how long it takes until it takes effect. */
export const changeTimeAnnotation = 'endpoints.kubernetes.io/last-change-trigger-time'

/** What was known of a service when its endpoints were last looked at; times in ms. */
interface Known {
  readonly uid: string | undefined
  readonly service: number
  readonly pods: ReadonlyMap<string, number>
}

/** Remembers when services and their pods changed, to tell what has changed since. */
export class ChangeTimes {
  readonly #known = new Map<string, Known>()

  /**
   * The earliest of the changes since it was last asked about the service, in RFC 3339; when the service was made, if it
   * was not asked before. Undefined if no change tells its time.
   */
  since(key: string, { metadata }: Service, pods: readonly Pod[]): string | undefined {
    const { uid, creationTimestamp } = metadata
    const known = this.#known.get(key)
    const times = new Map<string, number>()
    let earliest: { readonly text: string; readonly at: number } | undefined
    for (const pod of pods) {
      const text = podReadyCondition(pod)?.lastTransitionTime
      if (!text) continue
      const [name, at] = [pod.metadata.name ?? '', Date.parse(text)]
      times.set(name, at)
      if (at > (known?.pods.get(name) ?? 0) && !(earliest && earliest.at <= at)) earliest = { text, at }
    }
    this.#known.set(key, { uid, service: Date.parse(creationTimestamp ?? ''), pods: times })
    return known && known.uid === uid ? earliest?.text : creationTimestamp
  }

  forget(key: string): void {
    this.#known.delete(key)
  }
}

/** Annotations with the time of the last change; without, if it is not known. */
export function withChangeTime(
  annotations: { readonly [name: string]: string } | undefined,
  changedAt: string | undefined,
): { readonly annotations?: { readonly [name: string]: string } } {
  const { [changeTimeAnnotation]: _, ...others } = annotations ?? {}
  const all = changedAt ? { ...others, [changeTimeAnnotation]: changedAt } : others
  return Object.keys(all).length > 0 ? { annotations: all } : {}
}
