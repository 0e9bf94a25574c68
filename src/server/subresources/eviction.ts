import { Pod } from '../../api/core/v1/index.js'
import { type Eviction, PodDisruptionBudget } from '../../api/policy/v1/index.js'
import { rfc3339 } from '../../machinery/clock.js'
import { selectorFromObject } from '../../machinery/labels.js'
import { badRequest, forbidden, invalid, notFound, StatusError } from '../../machinery/status-error.js'
import type { Draft } from '../../schema/index.js'
import type { DeletionRequest } from '../registry/deletion.js'
import type { Registries } from '../registry/registries.js'
import type { WriteContext } from '../registry/registry.js'
import { deletionErrors, deletionRequestOf } from '../registry/write-options.js'
import { success } from '../respond.js'
import type { ActionHandler } from './subresource.js'

/**
 * pods/eviction: a deletion that asks the pod's disruption budget first.
 * https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/
 */
export const evictPod: ActionHandler = async ({ context, info, registries, body, write }) => {
  const { metadata, deleteOptions = {} } = body as Eviction
  if (metadata.namespace && metadata.namespace !== info.namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  if (metadata.name !== info.name) throw badRequest('name in URL does not match name in Eviction object')
  const errors = deletionErrors(deleteOptions)
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', errors)
  const writing = deleteOptions.dryRun?.length ? { ...write, dryRun: true } : write
  const { object: pod } = await registries.of(Pod).get(info.namespace, info.name)
  if (!isOver(pod)) await askBudget(registries, pod, writing)
  await evict(registries, pod, deletionRequestOf(deleteOptions), writing)
  return success(context.request, 201)
}

/** A pod that runs nothing, or is on its way out anyway, is no disruption. */
const isOver = ({ status: { phase }, metadata }: Pod): boolean =>
  phase === 'Succeeded' || phase === 'Failed' || phase === 'Pending' || metadata.deletionTimestamp !== undefined

const isReady = ({ status }: Pod): boolean =>
  status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true

/** Notes on the pod why it goes, then deletes it: this very one, not another of the name. */
async function evict(registries: Registries, pod: Pod, request: DeletionRequest, write: WriteContext): Promise<void> {
  const pods = registries.of(Pod)
  const { namespace = '', name = '', uid, deletionTimestamp } = pod.metadata
  if (!deletionTimestamp)
    await pods.update(
      namespace,
      name,
      {
        retry: true,
        view: { type: 'view', name: 'status', verbs: ['update'], prepareForUpdate: () => {} },
        apply(current) {
          if (current?.metadata.uid !== uid || !current) throw notFound(pods.name, name)
          return evicted(current, rfc3339(pods.host.clock.now()))
        },
      },
      write,
    )
  await pods.delete(namespace, name, { ...request, preconditions: { uid, ...request.preconditions } }, write)
}

function evicted(pod: Pod, now: string): Draft<Pod> {
  const target = {
    type: 'DisruptionTarget',
    status: 'True',
    lastProbeTime: null,
    lastTransitionTime: now,
    reason: 'EvictionByEvictionAPI',
    message: 'Eviction API: evicting',
  }
  const others = (pod.status.conditions ?? []).filter(({ type }) => type !== target.type)
  const { resourceVersion: _, ...metadata } = pod.metadata
  return structuredClone({
    ...pod,
    metadata,
    status: { ...pod.status, conditions: [...others, target] },
  }) as unknown as Draft<Pod>
}

/** Takes one disruption from the budget that covers the pod, or throws the 429 that tells the client to come back. */
async function askBudget(registries: Registries, pod: Pod, write: WriteContext): Promise<void> {
  const budgets = registries.of(PodDisruptionBudget)
  const namespace = pod.metadata.namespace ?? ''
  const [budget, another] = budgets.cache
    .list(`${namespace}/`)
    .filter(({ object }) => selectorFromObject(object.spec.selector).matches(pod.metadata.labels ?? {}))
  if (!budget) return
  if (another)
    throw new StatusError(
      500,
      '',
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    )
  if (!isReady(pod) && isFree(budget.object)) return
  const name = budget.object.metadata.name ?? ''
  await budgets.update(
    namespace,
    name,
    {
      retry: true,
      apply(current) {
        if (!current) throw notFound(budgets.name, name)
        return disrupted(current, pod, rfc3339(budgets.host.clock.now()))
      },
      view: { type: 'view', name: 'status', verbs: ['update'], prepareForUpdate: () => {} },
    },
    write,
  )
}

/** Whether pods that are not ready may go without being counted. */
function isFree({ spec, status, metadata }: PodDisruptionBudget): boolean {
  if (spec.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0)) return false
  const desired = status.desiredHealthy ?? 0
  return desired > 0 && (status.currentHealthy ?? 0) >= desired
}

function disrupted(budget: PodDisruptionBudget, pod: Pod, now: string): Draft<PodDisruptionBudget> {
  const { status, metadata } = budget
  const name = metadata.name ?? ''
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0))
    throw tooMany(`The disruption budget ${name} is still being processed by the server.`, 10)
  const allowed = status.disruptionsAllowed ?? 0
  const resource = { group: 'policy', plural: 'poddisruptionbudgets' }
  if (allowed < 0) throw forbidden(resource, name, 'pdb disruptions allowed is negative')
  if (Object.keys(status.disruptedPods ?? {}).length > mostDisrupted)
    throw forbidden(resource, name, 'DisruptedPods map too big - too many evictions not confirmed by PDB controller')
  if (allowed === 0)
    throw tooMany(
      `The disruption budget ${name} needs ${status.desiredHealthy ?? 0} healthy pods and has ${status.currentHealthy ?? 0} currently`,
    )
  const { resourceVersion: _, ...kept } = metadata
  return structuredClone({
    ...budget,
    metadata: kept,
    status: {
      ...status,
      disruptionsAllowed: allowed - 1,
      ...(allowed === 1 ? { conditions: exhausted(status, now) } : {}),
      disruptedPods: { ...status.disruptedPods, [pod.metadata.name ?? '']: now },
    },
  }) as Draft<PodDisruptionBudget>
}

/** Pods that may be on their way out without the budget's controller having seen it. */
const mostDisrupted = 2000

/** The conditions once the last disruption has been taken. */
function exhausted({ conditions = [], observedGeneration }: PodDisruptionBudget['status'], now: string) {
  const known = conditions.find(({ type }) => type === 'DisruptionAllowed')
  const condition = {
    type: 'DisruptionAllowed',
    status: 'False',
    reason: 'InsufficientPods',
    message: '',
    ...(observedGeneration === undefined ? {} : { observedGeneration }),
    lastTransitionTime: known?.status === 'False' ? known.lastTransitionTime : now,
  }
  return known ? conditions.map(each => (each === known ? condition : each)) : [...conditions, condition]
}

const tooMany = (message: string, retryAfterSeconds?: number): StatusError =>
  new StatusError(429, 'TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", {
    causes: [{ reason: 'DisruptionBudget', message }],
    ...(retryAfterSeconds ? { retryAfterSeconds } : {}),
  })
