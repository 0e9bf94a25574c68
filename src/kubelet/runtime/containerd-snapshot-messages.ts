import { list, map, message, optional, required, string } from '../../schema/index.js'

/** How a snapshot is to be mounted. */
export const SnapshotMount = message('containerd.types.Mount', {
  type: required(1, string),
  source: required(2, string),
  /** Below the mount point; empty for the mount point itself. */
  target: optional(3, string),
  options: optional(4, list(string)),
})

export const ViewSnapshotRequest = message('containerd.services.snapshots.v1.ViewSnapshotRequest', {
  snapshotter: required(1, string),
  key: required(2, string),
  parent: optional(3, string),
  labels: optional(4, map(string)),
})
export const MountsRequest = message('containerd.services.snapshots.v1.MountsRequest', {
  snapshotter: required(1, string),
  key: required(2, string),
})
/** The answer to `View` and `Mounts`. */
export const MountsResponse = message('containerd.services.snapshots.v1.MountsResponse', {
  mounts: optional(1, list(SnapshotMount)),
})
export const RemoveSnapshotRequest = message('containerd.services.snapshots.v1.RemoveSnapshotRequest', {
  snapshotter: required(1, string),
  key: required(2, string),
})
