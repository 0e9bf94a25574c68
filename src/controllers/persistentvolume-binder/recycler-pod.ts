import type { PersistentVolume, Pod } from '../../api/core/v1/index.js'
import { recycleSeconds } from './reclaim.js'

const image = 'registry.k8s.io/build-image/debian-base:bookworm-v1.0.4'
const script = 'test -e /scrub && rm -rf /scrub/..?* /scrub/.[!.]* /scrub/*  && test -z "$(ls -A /scrub)" || exit 1'

/** Where the pod that empties a volume lives. */
export const recyclerRef = ({ metadata }: PersistentVolume) => ({
  namespace: 'default',
  name: `recycler-for-${metadata.name}`,
})

/** A pod that empties a volume. */
export function recyclerPod(volume: PersistentVolume) {
  const { hostPath, nfs } = volume.spec
  const name = 'vol'
  return {
    metadata: { ...recyclerRef(volume), annotations: { 'pv.kubernetes.io/recycles': volume.metadata.uid ?? '' } },
    spec: {
      activeDeadlineSeconds: recycleSeconds(volume),
      restartPolicy: 'Never' as const,
      volumes: [{ name, ...(hostPath ? { hostPath } : {}), ...(nfs ? { nfs } : {}) }],
      containers: [
        {
          name: 'pv-recycler',
          image,
          command: ['/bin/sh'],
          args: ['-c', script],
          volumeMounts: [{ name, mountPath: '/scrub' }],
        },
      ],
    },
  }
}

/** How a recycler ended: empty when well, else why not; undefined while it runs. */
export function recyclerOutcome({ status }: Pod): string | undefined {
  if (status.phase === 'Succeeded') return ''
  if (status.phase !== 'Failed') return undefined
  return `Recycle failed: ${status.message || 'pod failed, pod.Status.Message unknown'}`
}
