import { createHash } from 'node:crypto'
import type { PersistentVolume } from '../../api/core/v1/index.js'

/** A volume that has to be attached to a node before pods there can use it. */
export interface AttachableVolume {
  /** That of the persistent volume. */
  readonly name: string
  readonly driver: string
  readonly handle: string
  /** As the status of nodes names it. */
  readonly uniqueName: string
  /** One node at a time may have it. */
  readonly exclusive: boolean
}

/** Undefined of volumes that are no CSI driver's. */
export function attachableVolume({ metadata: { name = '' }, spec }: PersistentVolume): AttachableVolume | undefined {
  const { csi, accessModes = [] } = spec
  if (!csi) return undefined
  const { driver, volumeHandle: handle } = csi
  return {
    name,
    driver,
    handle,
    uniqueName: `kubernetes.io/csi/${driver}^${handle}`,
    exclusive: accessModes.length > 0 && !accessModes.some(mode => shared.has(mode)),
  }
}

const shared = new Set(['ReadOnlyMany', 'ReadWriteMany'])

/** The name under which a volume's attachment to a node is asked for: kubelets look for it. */
export const attachmentName = (
  { handle, driver }: Pick<AttachableVolume, 'handle' | 'driver'>,
  nodeName: string,
): string => `csi-${createHash('sha256').update(`${handle}${driver}${nodeName}`).digest('hex')}`
