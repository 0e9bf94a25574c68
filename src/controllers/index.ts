import type { Controller } from '../client/controller.js'

export interface BuiltInControllerOptions {
  /** PEM of the authority that pods are to trust. */
  readonly rootCa: string
  /** Addresses of pods, of which each node is given a part. */
  readonly clusterCidr?: string
}

/** The controllers of kube-controller-manager. */
export const builtInControllers = (_options: BuiltInControllerOptions): readonly Controller[] => []
