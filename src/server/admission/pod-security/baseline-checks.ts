import {
  type CheckedPod,
  containersViolate,
  forbiddenSettings,
  named,
  namesWhere,
  type PodCheck,
  sortedQuoted,
  type Violation,
} from './pod-check.js'

const defaultCapabilities = new Set([
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
])

/** Sysctls that change nothing outside of the pod, by the minor version that counts them so. */
const safeSysctls: readonly (readonly [since: number, names: readonly string[]])[] = [
  [
    0,
    [
      'kernel.shm_rmid_forced',
      'net.ipv4.ip_local_port_range',
      'net.ipv4.ip_unprivileged_port_start',
      'net.ipv4.ping_group_range',
      'net.ipv4.tcp_syncookies',
    ],
  ],
  [27, ['net.ipv4.ip_local_reserved_ports']],
  [
    29,
    [
      'net.ipv4.tcp_fin_timeout',
      'net.ipv4.tcp_keepalive_intvl',
      'net.ipv4.tcp_keepalive_probes',
      'net.ipv4.tcp_keepalive_time',
    ],
  ],
  [32, ['net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem']],
]

const seLinuxTypes = (minor: number): ReadonlySet<string> =>
  new Set(['', 'container_t', 'container_init_t', 'container_kvm_t', ...(minor >= 31 ? ['container_engine_t'] : [])])

const appArmorPrefix = 'container.apparmor.security.beta.kubernetes.io/'

function checkAppArmor(pod: CheckedPod): Violation | undefined {
  const set = forbiddenSettings(
    pod,
    ({ appArmorProfile }) => appArmorProfile?.type,
    type => type === 'Unconfined',
  )
  const annotations = Object.entries(pod.annotations)
    .filter(
      ([name, value]) =>
        name.startsWith(appArmorPrefix) &&
        !(value === '' || value === 'runtime/default' || value.startsWith('localhost/')),
    )
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .sort()
  const found = [
    ...(set ? [`${set.setters} must not set AppArmor profile type to ${sortedQuoted(set.values)}`] : []),
    ...(annotations.length > 0
      ? [`${annotations.length === 1 ? 'annotation' : 'annotations'} ${annotations.join(', ')}`]
      : []),
  ]
  const count = annotations.length + (set?.values.length ?? 0)
  return found.length > 0
    ? { reason: count === 1 ? 'forbidden AppArmor profile' : 'forbidden AppArmor profiles', detail: found.join(', ') }
    : undefined
}

function checkSeLinux(pod: CheckedPod, minor: number): Violation | undefined {
  const types = seLinuxTypes(minor)
  const set = forbiddenSettings(
    pod,
    ({ seLinuxOptions }) => seLinuxOptions,
    ({ type = '', user, role }) => !types.has(type) || Boolean(user) || Boolean(role),
  )
  if (!set) return undefined
  const forbidden = set.values.map(({ type = '' }) => type).filter(type => !types.has(type))
  const faults = [
    ...(forbidden.length > 0 ? [`${forbidden.length === 1 ? 'type' : 'types'} ${sortedQuoted(forbidden)}`] : []),
    ...(set.values.some(({ user }) => user) ? ['user may not be set'] : []),
    ...(set.values.some(({ role }) => role) ? ['role may not be set'] : []),
  ]
  return {
    reason: 'seLinuxOptions',
    detail: `${set.setters} set forbidden securityContext.seLinuxOptions: ${faults.join('; ')}`,
  }
}

function checkHostPorts(pod: CheckedPod): Violation | undefined {
  const ports: number[] = []
  const containers = namesWhere(pod, container => {
    const own = (container.ports ?? []).flatMap(({ hostPort }) => (hostPort ? [hostPort] : []))
    ports.push(...own)
    return own.length > 0
  })
  if (containers.length === 0) return undefined
  const numbers = [...new Set(ports)].sort((a, b) => a - b)
  return {
    reason: 'hostPort',
    detail:
      `${named('container', containers)} ${containers.length === 1 ? 'uses' : 'use'} ` +
      `${numbers.length === 1 ? 'hostPort' : 'hostPorts'} ${numbers.join(', ')}`,
  }
}

function checkHandlerHosts(pod: CheckedPod): Violation | undefined {
  const hosts: string[] = []
  const containers = namesWhere(pod, ({ livenessProbe, readinessProbe, startupProbe, lifecycle }) => {
    const handlers = [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop]
    const own = handlers
      .flatMap(handler => [handler?.httpGet?.host, handler?.tcpSocket?.host])
      .filter(host => host !== undefined && host !== '' && host !== '127.0.0.1' && host !== '::1')
      .map(host => host ?? '')
    hosts.push(...own)
    return own.length > 0
  })
  if (containers.length === 0) return undefined
  const distinct = new Set(hosts)
  return {
    reason: 'probe or lifecycle host',
    detail:
      `${named('container', containers)} ${containers.length === 1 ? 'uses' : 'use'} probe or lifecycle ` +
      `${distinct.size === 1 ? 'host' : 'hosts'} ${sortedQuoted(distinct)}`,
  }
}

/** The checks of the level `baseline`, which forbids known ways out of a container. */
export const baselineChecks: readonly PodCheck[] = [
  { id: 'appArmorProfile', level: 'baseline', since: 0, check: checkAppArmor },
  {
    id: 'capabilities_baseline',
    level: 'baseline',
    since: 0,
    check(pod) {
      const forbidden: string[] = []
      const containers = namesWhere(pod, ({ securityContext }) => {
        const added = (securityContext?.capabilities?.add ?? []).filter(name => !defaultCapabilities.has(name))
        forbidden.push(...added)
        return added.length > 0
      })
      return containersViolate(
        'non-default capabilities',
        containers,
        `must not include ${sortedQuoted(forbidden)} in securityContext.capabilities.add`,
      )
    },
  },
  {
    id: 'hostNamespaces',
    level: 'baseline',
    since: 0,
    check({ spec }) {
      const set = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter(field => spec[field])
      return set.length > 0
        ? { reason: 'host namespaces', detail: set.map(field => `${field}=true`).join(', ') }
        : undefined
    },
  },
  {
    id: 'hostPathVolumes',
    level: 'baseline',
    since: 0,
    check({ spec }) {
      const volumes = (spec.volumes ?? []).filter(({ hostPath }) => hostPath).map(({ name }) => name)
      return volumes.length > 0 ? { reason: 'hostPath volumes', detail: named('volume', volumes) } : undefined
    },
  },
  { id: 'hostPorts', level: 'baseline', since: 0, check: checkHostPorts },
  { id: 'hostProbesAndHostLifecycle', level: 'baseline', since: 34, check: checkHandlerHosts },
  {
    id: 'privileged',
    level: 'baseline',
    since: 0,
    check: pod =>
      containersViolate(
        'privileged',
        namesWhere(pod, ({ securityContext }) => securityContext?.privileged === true),
        'must not set securityContext.privileged=true',
      ),
  },
  {
    id: 'procMount',
    level: 'baseline',
    since: 0,
    check(pod) {
      const forbidden: string[] = []
      const containers = namesWhere(pod, ({ securityContext }) => {
        const mount = securityContext?.procMount
        if (!mount || mount === 'Default') return false
        forbidden.push(mount)
        return true
      })
      return containersViolate(
        'procMount',
        containers,
        `must not set securityContext.procMount to ${sortedQuoted(forbidden)}`,
      )
    },
  },
  {
    id: 'seccompProfile_baseline',
    level: 'baseline',
    since: 19,
    check(pod) {
      const set = forbiddenSettings(
        pod,
        ({ seccompProfile }) => seccompProfile?.type,
        type => type !== 'RuntimeDefault' && type !== 'Localhost',
      )
      return (
        set && {
          reason: 'seccompProfile',
          detail: `${set.setters} must not set securityContext.seccompProfile.type to ${sortedQuoted(set.values)}`,
        }
      )
    },
  },
  { id: 'seLinuxOptions', level: 'baseline', since: 0, check: checkSeLinux },
  {
    id: 'sysctls',
    level: 'baseline',
    since: 0,
    check({ spec }, minor) {
      const safe = new Set(safeSysctls.flatMap(([since, names]) => (minor >= since ? names : [])))
      const forbidden = (spec.securityContext?.sysctls ?? []).map(({ name }) => name).filter(name => !safe.has(name))
      return forbidden.length > 0 ? { reason: 'forbidden sysctls', detail: forbidden.join(', ') } : undefined
    },
  },
  {
    id: 'windowsHostProcess',
    level: 'baseline',
    since: 0,
    check(pod) {
      const set = forbiddenSettings(
        pod,
        ({ windowsOptions }) => windowsOptions?.hostProcess,
        value => value,
      )
      return (
        set && {
          reason: 'hostProcess',
          detail: `${set.setters} must not set securityContext.windowsOptions.hostProcess=true`,
        }
      )
    },
  },
]
