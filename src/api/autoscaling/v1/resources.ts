import type { Resource } from '../../../machinery/resource.js'
import { horizontalPodAutoscalersV1 } from './horizontal-pod-autoscalers.js'

/** The resources of autoscaling/v1. */
export const autoscalingV1Resources: readonly Resource[] = [
  horizontalPodAutoscalersV1,
] as unknown as readonly Resource[]
