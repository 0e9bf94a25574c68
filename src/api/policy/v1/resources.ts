import type { Resource } from '../../../machinery/resource.js'
import { podDisruptionBudgets } from './pod-disruption-budgets.js'

/** The resources of policy/v1. */
export const policyResources: readonly Resource[] = [podDisruptionBudgets] as unknown as readonly Resource[]
