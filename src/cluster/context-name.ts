import { DEFAULT_CLUSTER } from './paths.js'

/** The name of a cluster's context, cluster and user in a kubeconfig. */
export const contextName = (cluster: string): string =>
  cluster === DEFAULT_CLUSTER ? cluster : `${DEFAULT_CLUSTER}-${cluster}`
