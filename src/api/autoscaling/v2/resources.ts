import type { Resource } from '../../../machinery/resource.js'
import { horizontalPodAutoscalers } from './horizontal-pod-autoscalers.js'

/** The resources of autoscaling/v2. */
export const autoscalingV2Resources: readonly Resource[] = [horizontalPodAutoscalers] as unknown as readonly Resource[]
