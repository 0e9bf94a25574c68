import {
  type CheckedPod,
  containersViolate,
  forbiddenSettings,
  isWindows,
  named,
  namesWhere,
  type PodCheck,
  sortedQuoted,
  type Violation,
} from './pod-check.js'

const allowedVolumes = new Set([
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
])

function checkCapabilities(pod: CheckedPod): Violation | undefined {
  if (isWindows(pod)) return undefined
  const keeping = namesWhere(pod, ({ securityContext }) => !securityContext?.capabilities?.drop?.includes('ALL'))
  const added: string[] = []
  const adding = namesWhere(pod, ({ securityContext }) => {
    const own = (securityContext?.capabilities?.add ?? []).filter(name => name !== 'NET_BIND_SERVICE')
    added.push(...own)
    return own.length > 0
  })
  const faults = [
    ...(keeping.length > 0
      ? [`${named('container', keeping)} must set securityContext.capabilities.drop=["ALL"]`]
      : []),
    ...(adding.length > 0
      ? [`${named('container', adding)} must not include ${sortedQuoted(added)} in securityContext.capabilities.add`]
      : []),
  ]
  return faults.length > 0 ? { reason: 'unrestricted capabilities', detail: faults.join('; ') } : undefined
}

function checkVolumes({ spec }: CheckedPod): Violation | undefined {
  const types: string[] = []
  const volumes: string[] = []
  for (const { name, ...source } of spec.volumes ?? []) {
    const type = Object.keys(source)[0] ?? 'unknown'
    if (allowedVolumes.has(type)) continue
    volumes.push(name)
    types.push(type)
  }
  if (volumes.length === 0) return undefined
  const distinct = new Set(types)
  return {
    reason: 'restricted volume types',
    detail:
      `${named('volume', volumes)} ${volumes.length === 1 ? 'uses' : 'use'} restricted volume ` +
      `${distinct.size === 1 ? 'type' : 'types'} ${sortedQuoted(distinct)}`,
  }
}

function checkNonRoot(pod: CheckedPod): Violation | undefined {
  const ofPod = pod.spec.securityContext?.runAsNonRoot
  const contrary = namesWhere(pod, ({ securityContext }) => securityContext?.runAsNonRoot === false)
  const silent = namesWhere(pod, ({ securityContext }) => securityContext?.runAsNonRoot === undefined)
  const setters = [
    ...(ofPod === false ? ['pod'] : []),
    ...(contrary.length > 0 ? [named('container', contrary)] : []),
  ].join(' and ')
  const faults = [
    ...(setters ? [`${setters} must not set securityContext.runAsNonRoot=false`] : []),
    ...(ofPod === undefined && silent.length > 0
      ? [`pod or ${named('container', silent)} must set securityContext.runAsNonRoot=true`]
      : []),
  ]
  return faults.length > 0 ? { reason: 'runAsNonRoot != true', detail: faults.join('; ') } : undefined
}

function checkSeccomp(pod: CheckedPod, minor: number): Violation | undefined {
  if (minor >= 25 && isWindows(pod)) return undefined
  const allowed = (type: string) => type === 'RuntimeDefault' || type === 'Localhost'
  const set = forbiddenSettings(
    pod,
    ({ seccompProfile }) => seccompProfile?.type,
    type => !allowed(type),
  )
  const silent = pod.spec.securityContext?.seccompProfile
    ? []
    : namesWhere(pod, ({ securityContext }) => !securityContext?.seccompProfile)
  const faults = [
    ...(set ? [`${set.setters} must not set securityContext.seccompProfile.type to ${sortedQuoted(set.values)}`] : []),
    ...(silent.length > 0
      ? [
          `pod or ${named('container', silent)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
        ]
      : []),
  ]
  return faults.length > 0 ? { reason: 'seccompProfile', detail: faults.join('; ') } : undefined
}

/** The checks that the level `restricted` adds: what hardened pods do. */
export const restrictedChecks: readonly PodCheck[] = [
  {
    id: 'allowPrivilegeEscalation',
    level: 'restricted',
    since: 8,
    check: (pod, minor) =>
      minor >= 25 && isWindows(pod)
        ? undefined
        : containersViolate(
            'allowPrivilegeEscalation != false',
            namesWhere(pod, ({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false),
            'must set securityContext.allowPrivilegeEscalation=false',
          ),
  },
  {
    id: 'capabilities_restricted',
    level: 'restricted',
    since: 22,
    overrides: 'capabilities_baseline',
    check: checkCapabilities,
  },
  { id: 'restrictedVolumes', level: 'restricted', since: 0, overrides: 'hostPathVolumes', check: checkVolumes },
  { id: 'runAsNonRoot', level: 'restricted', since: 0, check: checkNonRoot },
  {
    id: 'runAsUser',
    level: 'restricted',
    since: 23,
    check(pod) {
      const set = forbiddenSettings(
        pod,
        ({ runAsUser }) => runAsUser,
        user => Number(user) === 0,
      )
      return set && { reason: 'runAsUser=0', detail: `${set.setters} must not set runAsUser=0` }
    },
  },
  {
    id: 'seccompProfile_restricted',
    level: 'restricted',
    since: 19,
    overrides: 'seccompProfile_baseline',
    check: checkSeccomp,
  },
]
