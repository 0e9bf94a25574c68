import { Pod, type PodResourceClaim } from '../../api/core/v1/index.js'
import { ResourceClaim, ResourceClaimTemplate } from '../../api/resource/v1/index.js'
import { claimNamesOf, claimOf, owningPod } from '../../api/resource/v1/pod-device-claims.js'
import {
  type Controller,
  concerning,
  controller,
  index,
  type ReconcileContext,
  watchAlso,
} from '../../client/controller.js'
import { controllerReference } from '../../client/owners.js'
import { messageOf } from '../../machinery/message-of.js'
import type { MetricsRegistry } from '../../machinery/metrics/index.js'
import { isNotFound } from '../../machinery/status-error.js'
import { podActive } from '../pod-state.js'
import { claimBaseName } from './claim-names.js'

/** Which entry of its pod a claim was made for. */
const entryAnnotation = 'resource.kubernetes.io/pod-claim-name'

const podsOfTemplate = index(Pod, ({ metadata, spec }) =>
  (spec.resourceClaims ?? []).flatMap(({ resourceClaimTemplateName: template }) =>
    template === undefined ? [] : [`${metadata.namespace}/${template}`],
  ),
)
const podsOfClaim = index(Pod, pod => claimNamesOf(pod).map(name => `${pod.metadata.namespace}/${name}`))

/**
 * Makes the claims that pods ask for by templates, tells pods their names, and reserves allocated claims for pods that
 * were put on a node by somebody else than the scheduler.
 * https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/#resourceclaims-templates
 */
export function generatedResourceClaims(metrics?: MetricsRegistry): Controller {
  const creates = metrics && createsTotal(metrics)
  return controller({
    name: 'resourceclaim-generator',
    eventSource: 'resource_claim',
    watches: {
      for: Pod,
      concerns: concerning(Pod, ({ spec }) => (spec.resourceClaims ?? []).length > 0),
      also: [
        watchAlso(ResourceClaimTemplate, ({ metadata: { namespace = '', name } }, _old, cache) =>
          cache.by(podsOfTemplate, `${namespace}/${name}`).map(keyOf),
        ),
        watchAlso(ResourceClaim, (claim, _old, cache) => {
          const { namespace = '', name } = claim.metadata
          const owner = owningPod(claim)
          return [
            ...cache.by(podsOfClaim, `${namespace}/${name}`).map(keyOf),
            ...(owner ? [{ namespace, name: owner.name }] : []),
          ]
        }),
      ],
    },
    async reconcile(key, context) {
      const pod = context.get(Pod, key)
      const entries = pod?.spec.resourceClaims ?? []
      if (!pod || !podActive(pod) || entries.length === 0) return undefined
      const made = new Map<string, string>()
      for (const entry of entries)
        try {
          const name = await madeFor(pod, entry, context, creates)
          if (name) made.set(entry.name, name)
        } catch (error) {
          const why = messageOf(error)
          context.events.record(pod, 'Warning', 'FailedResourceClaimCreation', `PodResourceClaim ${entry.name}: ${why}`)
          // A template that is not there yet brings the pod again when it comes.
          if (!(error instanceof MissingTemplate)) throw error
        }
      if (made.size > 0) await noteNames(pod, made, context)
      else if (pod.spec.nodeName) await reserveAll(pod, context)
      return undefined
    },
  })
}

/** Counts claims that were, or could not be, made. */
type Creates = (made: boolean, adminAccess: boolean) => void

function createsTotal(metrics: MetricsRegistry): Creates {
  const total = metrics.counter({
    name: 'resourceclaim_controller_creates_total',
    help: 'Claims that were made for pods, by whether that went well and whether they ask for admin access.',
    labels: ['status', 'admin_access'],
  })
  return (made, adminAccess) => total.with(made ? 'success' : 'failure', String(adminAccess)).add()
}

class MissingTemplate extends Error {}

const keyOf = ({ metadata: { namespace = '', name = '' } }: Pod) => ({ namespace, name })

/** The name of the claim that is made for an entry; undefined if there is one already, or none is needed. */
async function madeFor(
  pod: Pod,
  entry: PodResourceClaim,
  context: ReconcileContext,
  creates: Creates | undefined,
): Promise<string | undefined> {
  const { namespace = '', uid = '' } = pod.metadata
  const named = claimOf(pod, entry)
  if (named === 'none') return undefined
  if (named !== 'missing') {
    const claim = context.get(ResourceClaim, { namespace, name: named.name })
    if (claim && named.generated) checkOwner(pod, claim)
    // One that was deleted by mistake is made anew.
    if (claim || !named.generated) return undefined
  }
  const before = context
    .ownedBy(ResourceClaim, uid)
    .find(({ metadata }) => metadata.annotations?.[entryAnnotation] === entry.name && !metadata.deletionTimestamp)
  if (before) return before.metadata.name
  const { resourceClaimTemplateName: template = '' } = entry
  const found = context.get(ResourceClaimTemplate, { namespace, name: template })
  if (!found)
    throw new MissingTemplate(
      `resource claim template ${JSON.stringify(template)}: resourceclaimtemplate.resource.k8s.io ${JSON.stringify(template)} not found`,
    )
  const { metadata, spec } = found.spec
  const adminAccess = spec.devices.requests?.some(({ exactly }) => exactly?.adminAccess) ?? false
  const wanted = {
    metadata: {
      namespace,
      generateName: claimBaseName(pod.metadata.name ?? '', entry.name),
      ...(metadata.labels ? { labels: metadata.labels } : {}),
      annotations: { ...metadata.annotations, [entryAnnotation]: entry.name },
      ownerReferences: [controllerReference(Pod, pod)],
    },
    spec,
  }
  try {
    const claim = await context.client.create(ResourceClaim, wanted)
    creates?.(true, adminAccess)
    return claim.metadata.name
  } catch (error) {
    creates?.(false, adminAccess)
    throw error
  }
}

/** Throws if a claim was made for another pod. */
function checkOwner(pod: Pod, claim: ResourceClaim): void {
  if (owningPod(claim)?.uid === pod.metadata.uid) return
  const of = `${pod.metadata.namespace}/${pod.metadata.name}`
  throw new Error(
    `ResourceClaim ${claim.metadata.namespace}/${claim.metadata.name} was not created for pod ${of} (pod is not owner)`,
  )
}

/** What is applied replaces what was applied: all names, also those told before. */
async function noteNames(pod: Pod, made: ReadonlyMap<string, string>, { client }: ReconcileContext): Promise<void> {
  const { name, namespace, uid } = pod.metadata
  const known = (pod.status.resourceClaimStatuses ?? []).filter(entry => !made.has(entry.name))
  const resourceClaimStatuses = [
    ...known,
    ...[...made].map(([name, resourceClaimName]) => ({ name, resourceClaimName })),
  ]
  const body = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, uid },
    status: { resourceClaimStatuses },
  }
  const how = { fieldManager: 'ResourceClaimController', subresource: 'status' }
  await client.patch(Pod, pod.metadata, { type: 'apply', body, force: true }, how).catch(error => {
    if (!isNotFound(error)) throw error
  })
}

/** The scheduler reserves what it allocates; who comes to a node without it needs that done. */
async function reserveAll(pod: Pod, context: ReconcileContext): Promise<void> {
  const { namespace = '', name = '', uid = '' } = pod.metadata
  for (const entry of pod.spec.resourceClaims ?? []) {
    const named = claimOf(pod, entry)
    if (typeof named === 'string') continue
    const claim = context.get(ResourceClaim, { namespace, name: named.name })
    if (!claim) return
    if (named.generated) checkOwner(pod, claim)
    const { allocation, reservedFor = [] } = claim.status
    if (!allocation || reservedFor.some(consumer => consumer.uid === uid)) continue
    const status = { ...claim.status, reservedFor: [...reservedFor, { resource: 'pods', name, uid }] }
    await context.client.update(ResourceClaim, { ...claim, status }, { subresource: 'status' })
  }
}
