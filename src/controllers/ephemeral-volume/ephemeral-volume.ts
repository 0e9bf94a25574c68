import { PersistentVolumeClaim, Pod, type Volume } from '../../api/core/v1/index.js'
import { claimIsFor, ephemeralClaimName } from '../../api/core/v1/pod-volume-claims.js'
import { type Controller, concerning, controller, watchAlso } from '../../client/controller.js'
import { controllerReference } from '../../client/owners.js'
import { messageOf } from '../../machinery/message-of.js'

/** The claim of a pod's own volume. */
function ephemeralClaim(pod: Pod, volume: Volume) {
  const { metadata, spec } = volume.ephemeral?.volumeClaimTemplate ?? {}
  if (!spec) return undefined
  return {
    metadata: {
      namespace: pod.metadata.namespace ?? '',
      name: ephemeralClaimName(pod, volume),
      ...(metadata?.labels ? { labels: metadata.labels } : {}),
      ...(metadata?.annotations ? { annotations: metadata.annotations } : {}),
      ownerReferences: [controllerReference(Pod, pod)],
    },
    spec,
  }
}

/**
 * Makes the claims of volumes that live as long as their pod.
 * https://kubernetes.io/docs/concepts/storage/ephemeral-volumes/#generic-ephemeral-volumes
 */
export const ephemeralVolumes: Controller = controller({
  name: 'ephemeral-volume',
  eventSource: 'ephemeral_volume',
  watches: {
    for: Pod,
    concerns: concerning(Pod, ({ spec }) => spec.volumes?.some(({ ephemeral }) => ephemeral) ?? false),
    also: [
      watchAlso(PersistentVolumeClaim, ({ metadata: { namespace = '', ownerReferences } }) =>
        (ownerReferences ?? [])
          .filter(({ controller, kind }) => controller && kind === Pod.gvk.kind)
          .map(({ name }) => ({ namespace, name })),
      ),
    ],
  },
  async reconcile(key, { get, client, events }) {
    const pod = get(Pod, key)
    if (!pod || pod.metadata.deletionTimestamp) return undefined
    const failures: unknown[] = []
    for (const volume of pod.spec.volumes ?? []) {
      const claim = ephemeralClaim(pod, volume)
      if (!claim) continue
      try {
        const found = get(PersistentVolumeClaim, claim.metadata)
        if (found && !claimIsFor(pod, found)) {
          const { namespace, name } = claim.metadata
          throw new Error(
            `PVC ${namespace}/${name} was not created for pod ${namespace}/${pod.metadata.name} (pod is not owner)`,
          )
        }
        if (!found)
          await client.create(PersistentVolumeClaim, claim).catch(error => {
            throw new Error(`create PVC ${claim.metadata.name}: ${error instanceof Error ? error.message : error}`, {
              cause: error,
            })
          })
      } catch (error) {
        const why = messageOf(error)
        events.record(pod, 'Warning', 'FailedBinding', `ephemeral volume ${volume.name}: ${why}`)
        failures.push(error)
      }
    }
    // Tried again later: the claim in the way may go.
    if (failures.length > 0) throw failures[0]
    return undefined
  },
})
