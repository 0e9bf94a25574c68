import { Pod } from '../../api/core/v1/index.js'
import { type Eviction, PodDisruptionBudget } from '../../api/policy/v1/index.js'
import { rfc3339 } from '../../machinery/clock.js'
import { selectorFromObject } from '../../machinery/labels.js'
import { internalError, notFound, StatusError } from '../../machinery/status-error.js'
import type { Draft } from '../../schema/index.js'
import type { DeletionRequest } from '../registry/deletion.js'
import type { Registries } from '../registry/registries.js'
import type { WriteContext } from '../registry/registry.js'
import { jsonValue } from '../respond.js'
import type { ActionHandler } from './subresource.js'

/**
 * pods/eviction: a deletion that asks the pod's disruption budget first.
 * https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/
 */
export const evictPod: ActionHandler = async ({ context, info, registries, body, write }) => {
  const eviction = body as Eviction
  const options = (eviction.deleteOptions ?? {}) as DeletionRequest & { readonly dryRun?: readonly string[] }
  const dryRun = write.dryRun || options.dryRun?.includes('All') === true
  const writing = { ...write, dryRun }
  const pods = registries.of(Pod)
  const { object: pod } = await pods.get(info.namespace, info.name)
  if (!isFinished(pod) && !pod.metadata.deletionTimestamp && isReady(pod)) await askBudget(registries, pod, writing)
  await pods.delete(
    info.namespace,
    info.name,
    { ...options, preconditions: { ...options.preconditions, uid: options.preconditions?.uid ?? pod.metadata.uid } },
    writing,
  )
  return jsonValue(context.request, 201, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    code: 201,
  })
}

/** Pods that run nothing are no disruption. */
const isFinished = ({ status }: Pod): boolean =>
  status.phase === 'Succeeded' || status.phase === 'Failed' || status.phase === 'Pending'

const isReady = ({ status }: Pod): boolean =>
  status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true

/** Takes one disruption from the budget that covers the pod, or throws the 429 that tells the client to come back. */
async function askBudget(registries: Registries, pod: Pod, write: WriteContext): Promise<void> {
  const budgets = registries.of(PodDisruptionBudget)
  const namespace = pod.metadata.namespace ?? ''
  const covering = budgets.cache
    .list(`${namespace}/`)
    .filter(({ object }) => selectorFromObject(object.spec.selector).matches(pod.metadata.labels ?? {}))
  const [budget] = covering
  if (!budget) return
  if (covering.length > 1)
    throw internalError(
      'this pod has more than one PodDisruptionBudget, which the eviction subresource does not support',
    )
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

function disrupted(budget: PodDisruptionBudget, pod: Pod, now: string): Draft<PodDisruptionBudget> {
  const { status, metadata } = budget
  const name = metadata.name ?? ''
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0))
    throw tooMany('', `The disruption budget ${name} is still being processed by the server.`, 10)
  const allowed = status.disruptionsAllowed ?? 0
  if (allowed <= 0)
    throw tooMany(
      'DisruptionBudget',
      `The disruption budget ${name} needs ${status.desiredHealthy ?? 0} healthy pods and has ${status.currentHealthy ?? 0} currently`,
      0,
    )
  const { resourceVersion: _, ...kept } = metadata
  return structuredClone({
    ...budget,
    metadata: kept,
    status: {
      ...status,
      disruptionsAllowed: allowed - 1,
      disruptedPods: { ...status.disruptedPods, [pod.metadata.name ?? '']: now },
    },
  }) as Draft<PodDisruptionBudget>
}

const tooMany = (reason: string, message: string, retryAfterSeconds: number): StatusError =>
  new StatusError(429, 'TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", {
    causes: [{ reason, message }],
    ...(retryAfterSeconds ? { retryAfterSeconds } : {}),
  })
