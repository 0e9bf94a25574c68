import type { Controller } from '../client/controller.js'
import { deployments } from './deployment/deployment.js'
import { endpoints } from './endpoints/endpoints.js'
import { endpointSlices } from './endpointslice/endpoint-slice.js'
import { endpointSliceMirroring } from './endpointslice-mirroring/endpoint-slice-mirroring.js'
import { replicaSets } from './replicaset/replica-set.js'
import { rootCaPublisher } from './root-ca-publisher/root-ca-publisher.js'
import { defaultServiceAccounts } from './service-account/service-account.js'

export interface BuiltInControllerOptions {
  /** PEM of the certificate authority by which pods know the API server. */
  readonly rootCa: string
  /** Addresses of pods, of which every node is given a part; nodes get none from here when absent. */
  readonly clusterCidr?: string
}

/** Every controller that a cluster comes with. */
export function builtInControllers(options: BuiltInControllerOptions): readonly Controller[] {
  return [
    deployments,
    replicaSets,
    endpointSlices,
    endpointSliceMirroring,
    endpoints,
    defaultServiceAccounts,
    rootCaPublisher(options.rootCa),
  ]
}
