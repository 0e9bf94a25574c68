import { ReplicaSet, StatefulSet } from '../api/apps/v1/index.js'
import { Namespace, type Pod, ReplicationController, Service } from '../api/core/v1/index.js'
import type { Informer } from '../client/informer.js'
import type { Informers } from '../client/informers.js'
import { type Labels, type Selector, selectorFromLabels, selectorFromObject, selectorOf } from '../machinery/labels.js'

/** What scheduling asks about objects other than nodes and pods. */
export interface Surroundings {
  /** Empty for a namespace that is not known. */
  readonly namespaceLabels: (name: string) => Labels
  /** Selects the pods of all services and of the workload that a pod belongs to; undefined if there are none. */
  readonly workloadSelector: (pod: Pod) => Selector | undefined
}

/** Nothing is there. */
export const noSurroundings: Surroundings = {
  namespaceLabels: () => ({}),
  workloadSelector: () => undefined,
}

export interface InformedSurroundings extends Surroundings {
  readonly namespaces: Informer<Namespace>
  /** Resolves once they hold what the server has. */
  readonly synced: () => Promise<unknown>
}

const compiled = new WeakMap<object, Selector>()

function once(object: object, compile: () => Selector): Selector {
  let selector = compiled.get(object)
  if (!selector) compiled.set(object, (selector = compile()))
  return selector
}

/** Surroundings as a process's informers tell of them. */
export function informedSurroundings(informers: Pick<Informers, 'of'>): InformedSurroundings {
  const namespaces = informers.of(Namespace)
  const services = informers.of(Service)
  const controllers = informers.of(ReplicationController)
  const replicaSets = informers.of(ReplicaSet)
  const statefulSets = informers.of(StatefulSet)
  const all = [namespaces, services, controllers, replicaSets, statefulSets]

  function workload({ metadata }: Pod): Selector | undefined {
    const owner = metadata.ownerReferences?.find(({ controller }) => controller)
    if (!owner) return undefined
    const { namespace = '' } = metadata
    const ref = { namespace, name: owner.name }
    if (owner.apiVersion === 'v1' && owner.kind === 'ReplicationController') {
      const set = controllers.get(ref)
      return set && once(set, () => selectorFromLabels(set.spec.selector))
    }
    if (!owner.apiVersion.startsWith('apps/')) return undefined
    const set =
      owner.kind === 'ReplicaSet'
        ? replicaSets.get(ref)
        : owner.kind === 'StatefulSet'
          ? statefulSets.get(ref)
          : undefined
    return set && once(set, () => selectorFromObject(set.spec.selector))
  }

  return {
    namespaces,
    synced: () => Promise.all(all.map(each => each.synced())),
    namespaceLabels: name => namespaces.get({ namespace: '', name })?.metadata.labels ?? {},
    workloadSelector(pod) {
      const selectors: Selector[] = []
      for (const service of services.list({ namespace: pod.metadata.namespace ?? '' })) {
        if (!service.spec.selector) continue
        const selector = once(service, () => selectorFromLabels(service.spec.selector))
        if (selector.matches(pod.metadata.labels)) selectors.push(selector)
      }
      const own = workload(pod)
      if (own) selectors.push(own)
      const [only, ...others] = selectors.filter(({ requirements }) => requirements.length > 0)
      // That of the workload is the same for all its pods, so that what is made of it is made once.
      return others.length > 0 ? selectorOf(selectors.flatMap(({ requirements }) => requirements)) : only
    },
  }
}
