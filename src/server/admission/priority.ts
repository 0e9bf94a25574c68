import { Pod } from '../../api/core/v1/index.js'
import { PriorityClass } from '../../api/scheduling/v1/index.js'
import type { Draft } from '../../schema/index.js'
import type { Registries } from '../registry/registries.js'
import { type AdmissionPlugin, type AdmissionRequest, draftOf, refusal } from './admission.js'

const preempting = 'PreemptLowerPriority'

/**
 * Priority: turns the name of a pod's class into a number that the scheduler compares.
 * https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/
 */
export const priority = (registries: Registries): AdmissionPlugin => ({
  name: 'Priority',
  match: { resources: [Pod, PriorityClass] },
  mutate(request) {
    const pod = draftOf(request, Pod)
    if (!pod) return
    if (request.operation === 'CREATE') prioritize(registries, request, pod)
    else keep(pod, request.old as Pod)
  },
  validate(request) {
    const changed = draftOf(request, PriorityClass)
    if (!changed?.globalDefault) return
    const other = globalDefault(registries)
    if (other && other.metadata.name !== changed.metadata.name)
      throw refusal(
        request,
        `PriorityClass ${other.metadata.name} is already marked as default. Only one default can exist`,
      )
  },
})

function prioritize(registries: Registries, request: AdmissionRequest, { spec }: Draft<Pod>): void {
  const named = spec.priorityClassName
  const found = named ? registries.of(PriorityClass).cache.get(named)?.object : globalDefault(registries)
  if (named && !found) throw refusal(request, `no PriorityClass with name ${named} was found`)
  if (found?.metadata.name) spec.priorityClassName = found.metadata.name
  const computed = found?.value ?? 0
  const policy = found?.preemptionPolicy ?? preempting
  const because = (value: number | string) =>
    `must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`
  if (spec.priority !== undefined && spec.priority !== computed)
    throw refusal(request, `the integer value of priority (${spec.priority}) ${because(computed)}`)
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== policy)
    throw refusal(request, `the string value of PreemptionPolicy (${spec.preemptionPolicy}) ${because(policy)}`)
  spec.priority = computed
  spec.preemptionPolicy = policy
}

/** A client that does not know the fields leaves them as they were. */
function keep({ spec }: Draft<Pod>, old: Pod): void {
  if (spec.priority === undefined && old.spec.priority !== undefined) spec.priority = old.spec.priority
  if (spec.preemptionPolicy === undefined && old.spec.preemptionPolicy !== undefined)
    spec.preemptionPolicy = old.spec.preemptionPolicy
}

/** The class of pods that name none: of several, which only a race can bring about, the one of the lowest value. */
function globalDefault(registries: Registries): PriorityClass | undefined {
  let lowest: PriorityClass | undefined
  for (const { object } of registries.of(PriorityClass).cache.list())
    if (object.globalDefault && (!lowest || object.value < lowest.value)) lowest = object
  return lowest
}
