import {
  type Container,
  LimitRange,
  PersistentVolumeClaim,
  Pod,
  podLimitQuantities,
  podRequestQuantities,
} from '../../api/core/v1/index.js'
import type { Draft } from '../../schema/index.js'
import type { Registries } from '../registry/registries.js'
import { type AdmissionPlugin, type AdmissionRequest, isOf, refusal } from './admission.js'
import { type Claims, containerDefaults, exactly, violations } from './limit-rules.js'

const annotation = 'kubernetes.io/limit-ranger'

/**
 * LimitRanger: gives containers the amounts that their namespace has for those who ask for none, and bounds what
 * containers, pods and claims may ask for. https://kubernetes.io/docs/concepts/policy/limit-range/
 */
export const limitRanger = (registries: Registries): AdmissionPlugin => {
  const rangesOf = (namespace: string): LimitRange[] =>
    registries
      .of(LimitRange)
      .cache.list(`${namespace}/`)
      .map(({ object }) => object)
  return {
    name: 'LimitRanger',
    match: { resources: [Pod, 'pods/resize', PersistentVolumeClaim] },
    mutate(request) {
      const { resource, subresource, operation, object } = request
      if (operation !== 'CREATE' || subresource || !isOf(resource, Pod) || !object) return
      const ranges = rangesOf(request.namespace)
      if (ranges.length > 0) setDefaults(object as Draft<Pod>, ranges)
    },
    validate(request) {
      if (!isLimited(request)) return
      const ranges = rangesOf(request.namespace)
      if (ranges.length === 0) return
      const found = ranges.flatMap(({ spec }) =>
        spec.limits.flatMap(item => claimsOf(request, item.type).flatMap(claims => violations(item, claims))),
      )
      const texts = [...new Set(found)]
      if (texts.length > 0) throw refusal(request, texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`)
    },
  }
}

/** Pods do not change what they ask for but by being resized. */
function isLimited({ resource, subresource, operation, object }: AdmissionRequest): boolean {
  if (!object || (operation !== 'CREATE' && operation !== 'UPDATE')) return false
  if (isOf(resource, Pod)) return operation === 'CREATE' ? subresource === '' : subresource === 'resize'
  return isOf(resource, PersistentVolumeClaim) && subresource === ''
}

/** What in the object a limit of a type is about. */
function claimsOf({ resource, object }: AdmissionRequest, type: string): readonly Claims[] {
  if (isOf(resource, PersistentVolumeClaim)) {
    if (type !== 'PersistentVolumeClaim') return []
    const { resources } = (object as unknown as PersistentVolumeClaim).spec
    return [{ requests: exactly(resources.requests), limits: {} }]
  }
  const pod = object as unknown as Pod
  if (type === 'Pod') return [{ requests: podRequestQuantities(pod), limits: podLimitQuantities(pod) }]
  if (type !== 'Container') return []
  return [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].map(({ resources }) => ({
    requests: exactly(resources?.requests),
    limits: exactly(resources?.limits),
  }))
}

function setDefaults(pod: Draft<Pod>, ranges: readonly LimitRange[]): void {
  const defaults = containerDefaults(ranges)
  const done: string[] = []
  const complete = (container: Draft<Container>, what: string) => {
    for (const bound of ['requests', 'limits'] as const) {
      const own = container.resources?.[bound]
      const missing = Object.keys(defaults[bound]).filter(name => own?.[name] === undefined)
      if (missing.length === 0) continue
      const given = Object.fromEntries(missing.map(name => [name, defaults[bound][name] ?? '0']))
      container.resources = { ...container.resources, [bound]: { ...own, ...given } }
      done.push(
        `${missing.sort().join(', ')} ${bound === 'requests' ? 'request' : 'limit'} for ${what} ${container.name}`,
      )
    }
  }
  for (const container of pod.spec.containers ?? []) complete(container, 'container')
  for (const container of pod.spec.initContainers ?? []) complete(container, 'init container')
  if (done.length > 0)
    pod.metadata.annotations = {
      ...pod.metadata.annotations,
      [annotation]: `LimitRanger plugin set: ${done.join('; ')}`,
    }
}
