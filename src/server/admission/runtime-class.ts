import { Pod, type Toleration } from '../../api/core/v1/index.js'
import { RuntimeClass } from '../../api/node/v1/index.js'
import { jsonEqual } from '../../machinery/json-equal.js'
import { compareQuantities } from '../../machinery/quantity.js'
import type { Draft } from '../../schema/index.js'
import type { Registries } from '../registry/registries.js'
import { type AdmissionAttributes, type AdmissionPlugin, admission, refusal } from './admission.js'

interface Amounts {
  readonly [resource: string]: string
}

/**
 * RuntimeClass: a pod gets its class' overhead, and where the class may run.
 * https://kubernetes.io/docs/concepts/containers/runtime-class/
 */
export const runtimeClassAdmission = (registries: Registries): AdmissionPlugin => {
  const classOf = (request: AdmissionAttributes<Pod, 'CREATE'>): RuntimeClass | undefined => {
    const name = request.object.spec.runtimeClassName
    if (!name) return undefined
    const found = registries.of(RuntimeClass).cache.get(name)?.object
    if (!found) throw refusal(request, `pod rejected: RuntimeClass "${name}" not found`)
    return found
  }
  return admission({
    name: 'RuntimeClass',
    match: { resources: [Pod], operations: ['CREATE'] },
    mutate(request) {
      const found = classOf(request)
      if (!found) return
      const { spec } = request.object
      const overhead = found.overhead?.podFixed
      if (overhead) {
        if (spec.overhead && !sameAmounts(spec.overhead, overhead))
          throw refusal(request, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead")
        spec.overhead = { ...overhead }
      }
      const { nodeSelector, tolerations } = found.scheduling ?? {}
      for (const [key, value] of Object.entries(nodeSelector ?? {})) {
        const own = spec.nodeSelector?.[key]
        if (own !== undefined && own !== value)
          throw refusal(
            request,
            `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own}`,
          )
      }
      if (nodeSelector) spec.nodeSelector = { ...spec.nodeSelector, ...nodeSelector }
      if (tolerations?.length) spec.tolerations = withTolerations(spec.tolerations ?? [], tolerations)
    },
    validate(request) {
      if (Object.keys(request.object.spec.overhead ?? {}).length === 0) return
      if (!classOf(request)?.overhead)
        throw refusal(request, 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead')
    },
  })
}

const sameAmounts = (a: Amounts, b: Amounts): boolean =>
  Object.keys(a).length === Object.keys(b).length &&
  Object.entries(a).every(([name, amount]) => {
    const other = b[name]
    return other !== undefined && compareQuantities(amount, other) === 0
  })

const withTolerations = (own: readonly Toleration[], further: readonly Toleration[]): Draft<Toleration>[] =>
  structuredClone([
    ...own,
    ...further.filter(toleration => !own.some(existing => jsonEqual(existing, toleration))),
  ]) as Draft<Toleration>[]
