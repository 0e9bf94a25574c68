import type { Pod, Service } from '../api/core/v1/index.js'
import type { Client } from '../client/client.js'
import type { EventRecorder } from '../client/events.js'
import type { Clock } from '../machinery/clock.js'
import type { ClusterDnsOptions } from './container/dns.js'
import type { NodeView } from './container/field-values.js'
import type { ImagePuller } from './images/image-puller.js'
import type { Cgroups } from './node/cgroups.js'
import type { CriClient } from './runtime/cri-client.js'
import type { RuntimeFeatures } from './runtime-features.js'
import type { RuntimeView } from './runtime-view.js'
import type { Slots } from './slots.js'
import type { StatusWriter } from './status-writer.js'
import type { VolumeContext } from './volumes/pod-volumes.js'

/** What all pods of a node share. */
export interface NodeContext {
  readonly nodeName: string
  readonly client: Client
  readonly cri: CriClient
  readonly clock: Clock
  readonly events: EventRecorder
  readonly view: RuntimeView
  readonly images: ImagePuller
  readonly volumes: VolumeContext
  readonly cgroups: Cgroups
  readonly statuses: StatusWriter
  readonly services: ServiceSource
  /** Containers being made at the same time. */
  readonly slots: Slots
  readonly dns: ClusterDnsOptions
  readonly machine: NodeView & {
    /** Bytes. */
    readonly memoryCapacity: number
  }
  /** What the runtime can do. */
  readonly features: () => RuntimeFeatures
  /** One folder a pod: its volumes, hosts file, last words. */
  readonly podsFolder: string
  /** One folder a pod: its containers' output. */
  readonly logFolder: string
  readonly seccompFolder: string
  /** The node's own /etc/hosts. */
  readonly hostsFile: () => Promise<string>
}

/** The services of the cluster, which containers are told of. */
export interface ServiceSource {
  /** Waits until they are known. */
  current(signal: AbortSignal): Promise<Iterable<Service>>
}

/** The folder of a pod's logs. */
export const podLogFolder = (
  { logFolder }: Pick<NodeContext, 'logFolder'>,
  { metadata }: Pick<Pod, 'metadata'>,
): string => `${logFolder}/${metadata.namespace}_${metadata.name}_${metadata.uid}`
