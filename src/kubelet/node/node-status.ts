import type { NodeCondition, NodeStatus } from '../../api/core/v1/index.js'
import { isExtendedResource } from '../../api/core/v1/resource-quantities.js'
import { rfc3339 } from '../../machinery/clock.js'
import type { Image, StatusResponse, VersionResponse } from '../runtime/cri-messages.js'
import type { MachineFacts } from './machine-facts.js'

/** The release whose node agent this one stands in for. */
export const kubeletVersion = 'v1.36.2'

/** What the runtime says of itself; undefined while it does not answer. */
export interface RuntimeReport {
  readonly version: VersionResponse
  readonly status: StatusResponse
}

export interface Pressure {
  readonly memory: boolean
  readonly disk: boolean
  readonly pid: boolean
}

export interface NodeStatusInput {
  readonly facts: MachineFacts
  readonly addresses: readonly string[]
  readonly capacity: { readonly [resource: string]: string }
  readonly allocatable: { readonly [resource: string]: string }
  /** The capacity that the API server has: others may have added what only they know of. */
  readonly advertised?: { readonly [resource: string]: string }
  readonly runtime: RuntimeReport | undefined
  readonly images: readonly Image[]
  readonly pressure: Pressure
  /** Of the node agent's own server. */
  readonly port: number
  readonly old: NodeStatus | undefined
  /** Milliseconds since the epoch. */
  readonly now: number
}

const mostImages = 50
const mostNames = 5

/** What pods on the node may have done to them: the CPU that is only theirs may grow and shrink, since none is set apart. */
export const declaredFeatures: readonly string[] = ['GuaranteedQoSPodCPUResize']

/** What a node says of itself. */
export function nodeStatus(input: NodeStatusInput): NodeStatus {
  const { facts, addresses, runtime, old } = input
  const handlers = runtime?.status.runtimeHandlers ?? []
  const { features } = runtime?.status ?? {}
  const foreign = foreignResources(input)
  return {
    capacity: { ...foreign, ...input.capacity },
    allocatable: { ...foreign, ...input.allocatable },
    conditions: nodeConditions(input),
    addresses: [
      ...addresses.map(address => ({ type: 'InternalIP', address })),
      { type: 'Hostname', address: facts.hostname },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: input.port } },
    nodeInfo: {
      machineID: facts.machineId,
      systemUUID: facts.systemUuid,
      bootID: facts.bootId,
      kernelVersion: facts.kernelVersion,
      osImage: facts.osImage,
      containerRuntimeVersion: runtime
        ? `${runtime.version.runtimeName}://${runtime.version.runtimeVersion}`
        : (old?.nodeInfo?.containerRuntimeVersion ?? ''),
      kubeletVersion,
      kubeProxyVersion: '',
      operatingSystem: 'linux',
      architecture: facts.architecture,
      ...(facts.swap ? { swap: { capacity: facts.swap } } : {}),
    },
    images: nodeImages(input.images),
    declaredFeatures,
    ...(handlers.length
      ? { runtimeHandlers: handlers.map(({ name, features }) => ({ name, ...(features ? { features } : {}) })) }
      : {}),
    ...(features ? { features: { supplementalGroupsPolicy: features.supplementalGroupsPolicy } } : {}),
  }
}

/**
 * Extended resources that others advertise for the node; pods may have all of them
 * (https://kubernetes.io/docs/tasks/administer-cluster/extended-resource-node/).
 */
const foreignResources = ({ advertised = {}, capacity }: NodeStatusInput) =>
  Object.fromEntries(
    Object.entries(advertised).filter(([name]) => isExtendedResource(name) && capacity[name] === undefined),
  )

/** The largest images, by whose presence the scheduler may choose. */
const nodeImages = (images: readonly Image[]): NonNullable<NodeStatus['images']> =>
  [...images]
    .sort((a, b) => b.size - a.size || (a.id < b.id ? -1 : 1))
    .slice(0, mostImages)
    .map(({ repoTags, repoDigests, size }) => ({
      names: [...repoDigests, ...repoTags].slice(0, mostNames),
      sizeBytes: size,
    }))

interface Finding {
  readonly type: string
  readonly status: 'True' | 'False'
  readonly reason: string
  readonly message: string
}

function nodeConditions({ pressure, runtime, old, now }: NodeStatusInput): readonly NodeCondition[] {
  const findings: readonly Finding[] = [
    pressure.memory
      ? finding('MemoryPressure', 'True', 'KubeletHasInsufficientMemory', 'kubelet has insufficient memory available')
      : finding('MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
    pressure.disk
      ? finding('DiskPressure', 'True', 'KubeletHasDiskPressure', 'kubelet has disk pressure')
      : finding('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
    pressure.pid
      ? finding('PIDPressure', 'True', 'KubeletHasInsufficientPID', 'kubelet has insufficient PID available')
      : finding('PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
    readiness(runtime),
  ]
  const mine = new Set(findings.map(({ type }) => type))
  return [
    ...findings.map(found => {
      const before = old?.conditions?.find(({ type }) => type === found.type)
      const since = before?.status === found.status ? before.lastTransitionTime : undefined
      return { ...found, lastHeartbeatTime: rfc3339(now), lastTransitionTime: since ?? rfc3339(now) }
    }),
    ...(old?.conditions ?? []).filter(({ type }) => !mine.has(type)),
  ]
}

const finding = (type: string, status: 'True' | 'False', reason: string, message: string): Finding => ({
  type,
  status,
  reason,
  message,
})

const runtimeConditions = [
  ['RuntimeReady', 'container runtime not ready'],
  ['NetworkReady', 'container runtime network not ready'],
] as const

function readiness(runtime: RuntimeReport | undefined): Finding {
  const faults = runtime
    ? runtimeConditions.flatMap(([type, what]) => {
        const condition = runtime.status.status?.conditions.find(candidate => candidate.type === type)
        if (condition?.status) return []
        const { reason = '', message = '' } = condition ?? {}
        return [`${what}: ${type}=false reason:${reason} message:${message}`]
      })
    : ['container runtime is down']
  if (faults.length === 0) return finding('Ready', 'True', 'KubeletReady', 'kubelet is posting ready status')
  const message = faults.length === 1 ? (faults[0] ?? '') : `[${faults.join(', ')}]`
  return finding('Ready', 'False', 'KubeletNotReady', message)
}

/** Whether two statuses say the same, heartbeats aside. */
export const withoutHeartbeats = (status: NodeStatus): NodeStatus => ({
  ...status,
  conditions: (status.conditions ?? []).map(condition => ({ ...condition, lastHeartbeatTime: null })),
})
