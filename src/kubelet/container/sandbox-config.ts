import type { Pod } from '../../api/core/v1/index.js'
import { type DNSConfig, type PodSandboxConfig, Protocol } from '../runtime/cri-messages.js'
import type { PodHostname } from './hostname.js'
import { ownerLabels, ownerOf } from './labels.js'
import { sandboxSecurity } from './security.js'

export interface SandboxOptions {
  readonly attempt: number
  /** The pod's cgroup in cgroupfs syntax. */
  readonly cgroupParent: string
  readonly logDirectory: string
  readonly dns: DNSConfig
  readonly hostname: PodHostname
}

/** What the runtime needs to make a pod's sandbox. */
export function sandboxConfig(pod: Pod, options: SandboxOptions): PodSandboxConfig {
  const owner = ownerOf(pod)
  const { hostNetwork, containers, initContainers = [], securityContext } = pod.spec
  const sysctls = Object.fromEntries(
    (securityContext?.sysctls ?? []).map(({ name, value }) => [sysctlName(name), value]),
  )
  const ports = hostNetwork ? [] : [...initContainers, ...containers].flatMap(({ ports = [] }) => ports)
  return {
    metadata: { ...owner, attempt: options.attempt },
    // A pod on the node's network has the node's name; the runtime refuses to set another.
    hostname: hostNetwork ? '' : options.hostname.hostname,
    logDirectory: options.logDirectory,
    dnsConfig: options.dns,
    portMappings: ports.map(({ containerPort, hostPort = 0, protocol = 'TCP', hostIP }) => ({
      containerPort,
      hostPort,
      protocol: Protocol[protocol.toLowerCase() as keyof typeof Protocol] ?? Protocol.tcp,
      ...(hostIP ? { hostIp: hostIP } : {}),
    })),
    labels: { ...pod.metadata.labels, ...ownerLabels(owner) },
    annotations: pod.metadata.annotations ?? {},
    linux: { cgroupParent: options.cgroupParent, securityContext: sandboxSecurity(pod), sysctls },
  }
}

/** `net/ipv4/x` is the same as `net.ipv4.x`, unless the first separator is a dot. */
export function sysctlName(name: string): string {
  const first = /[./]/.exec(name)?.[0]
  return first === '/' ? name.replace(/[./]/g, sign => (sign === '/' ? '.' : '/')) : name
}
