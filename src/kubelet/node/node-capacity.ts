import { formatQuantity, parseQuantity, quantity, quantityValue, subtractQuantities } from '../../machinery/quantity.js'
import type { DiskUsage } from './disk-usage.js'
import type { MachineFacts } from './machine-facts.js'

interface Quantities {
  readonly [resource: string]: string
}

export interface NodeCapacity {
  readonly capacity: Quantities
  /** What is left for pods. */
  readonly allocatable: Quantities
}

export interface CapacityOptions {
  readonly maxPods: number
  /** Kept back for what is no pod, by resource. */
  readonly reserved: Quantities
  /** Memory that eviction keeps free, bytes. */
  readonly memoryThreshold: number
  /** The part of the disk that eviction keeps free, from 0 to 1. */
  readonly diskThreshold: number
}

/** How much a machine can give, and how much of it to pods. */
export function nodeCapacity(facts: MachineFacts, disk: DiskUsage, options: CapacityOptions): NodeCapacity {
  const capacity: Quantities = {
    cpu: String(facts.cpus),
    'ephemeral-storage': formatQuantity(quantity(Math.floor(disk.capacity / 1024) * 1024, 'BinarySI')),
    'hugepages-1Gi': '0',
    'hugepages-2Mi': '0',
    memory: formatQuantity(quantity(facts.memory, 'BinarySI')),
    pods: String(options.maxPods),
  }
  const less = (resource: string, more: number): string => {
    const kept = subtractQuantities(parseQuantity(capacity[resource] ?? '0'), options.reserved[resource] ?? '0')
    const left = subtractQuantities(kept, quantity(Math.ceil(more)))
    return left.nanos < 0n ? '0' : formatQuantity(left)
  }
  return {
    capacity,
    allocatable: {
      ...capacity,
      cpu: less('cpu', 0),
      memory: less('memory', options.memoryThreshold),
      'ephemeral-storage': String(quantityValue(less('ephemeral-storage', disk.capacity * options.diskThreshold))),
    },
  }
}
