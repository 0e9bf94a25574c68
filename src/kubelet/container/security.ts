import type { AppArmorProfile, Pod, SELinuxOptions, SeccompProfile } from '../../api/core/v1/index.js'
import type { PodContainer } from '../pod-containers.js'
import {
  type LinuxContainerSecurityContext,
  type LinuxSandboxSecurityContext,
  NamespaceMode,
  type NamespaceOption,
  ProfileType,
  type SecurityProfile,
  SupplementalGroupsPolicy,
} from '../runtime/cri-messages.js'
import { ConfigError } from './config-error.js'

/** Who the image says its process runs as: a number, or a name that only the image can resolve. */
export interface ImageUser {
  readonly uid?: { readonly value?: number }
  readonly username?: string
}

const maskedPaths = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
]
const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger']

export interface SecurityOptions {
  /** Folder of localhost seccomp profiles. */
  readonly seccompRoot: string
  /** Id of the container whose process namespace an ephemeral container joins. */
  readonly targetId?: string
}

/** Who a container's process is and what it may do. Throws `ConfigError` where it would break runAsNonRoot. */
export function containerSecurity(
  pod: Pod,
  container: PodContainer,
  image: ImageUser,
  { seccompRoot, targetId }: SecurityOptions,
): LinuxContainerSecurityContext {
  const whole = pod.spec.securityContext ?? {}
  const own = container.spec.securityContext ?? {}
  checkNonRoot(pod, container, image)
  const runAsUser = own.runAsUser ?? whole.runAsUser ?? image.uid?.value
  const runAsGroup = own.runAsGroup ?? whole.runAsGroup
  const privileged = own.privileged === true
  const seccomp = seccompProfile(own.seccompProfile ?? whole.seccompProfile, seccompRoot)
  const apparmor = appArmorProfile(own.appArmorProfile ?? whole.appArmorProfile)
  const selinux = own.seLinuxOptions ?? whole.seLinuxOptions
  const { add = [], drop = [] } = own.capabilities ?? {}
  return {
    namespaceOptions: namespaces(pod, targetId),
    ...(runAsUser !== undefined
      ? { runAsUser: { value: runAsUser } }
      : image.username
        ? { runAsUsername: image.username }
        : {}),
    ...(runAsGroup === undefined ? {} : { runAsGroup: { value: runAsGroup } }),
    ...(add.length || drop.length ? { capabilities: { addCapabilities: add, dropCapabilities: drop } } : {}),
    privileged,
    readonlyRootfs: own.readOnlyRootFilesystem === true,
    noNewPrivs: own.allowPrivilegeEscalation === false,
    supplementalGroups: supplementalGroups(pod),
    ...(whole.supplementalGroupsPolicy === 'Strict'
      ? { supplementalGroupsPolicy: SupplementalGroupsPolicy.strict }
      : {}),
    ...(own.procMount === 'Unmasked' ? {} : { maskedPaths, readonlyPaths }),
    seccomp,
    ...(apparmor ? { apparmor } : {}),
    ...(selinux ? { selinuxOptions: seLinux(selinux) } : {}),
  }
}

/** Security of the sandbox, which holds the pod's namespaces. Throws `ConfigError` for what this node cannot do. */
export function sandboxSecurity(pod: Pod): LinuxSandboxSecurityContext {
  if (pod.spec.hostUsers === false)
    throw new ConfigError("can't set `spec.hostUsers: false`, runtime does not support user namespaces")
  const { seLinuxOptions, runAsUser, runAsGroup, supplementalGroupsPolicy } = pod.spec.securityContext ?? {}
  const privileged = [...(pod.spec.initContainers ?? []), ...pod.spec.containers].some(
    ({ securityContext }) => securityContext?.privileged,
  )
  return {
    namespaceOptions: namespaces(pod),
    privileged,
    seccomp: { profileType: ProfileType.runtimeDefault },
    ...(runAsUser === undefined ? {} : { runAsUser: { value: runAsUser } }),
    // The runtime refuses a group without a user.
    ...(runAsGroup === undefined || runAsUser === undefined ? {} : { runAsGroup: { value: runAsGroup } }),
    supplementalGroups: supplementalGroups(pod),
    ...(supplementalGroupsPolicy === 'Strict' ? { supplementalGroupsPolicy: SupplementalGroupsPolicy.strict } : {}),
    ...(seLinuxOptions ? { selinuxOptions: seLinux(seLinuxOptions) } : {}),
  }
}

function checkNonRoot(pod: Pod, { spec }: PodContainer, image: ImageUser): void {
  const whole = pod.spec.securityContext ?? {}
  const own = spec.securityContext ?? {}
  if (!(own.runAsNonRoot ?? whole.runAsNonRoot)) return
  const where = `(pod: "${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})", container: ${spec.name})`
  const user = own.runAsUser ?? whole.runAsUser
  if (user === 0) throw new ConfigError(`container's runAsUser breaks non-root policy ${where}`)
  if (user !== undefined) return
  if (image.uid?.value === 0 || (image.uid?.value === undefined && !image.username))
    throw new ConfigError(`container has runAsNonRoot and image will run as root ${where}`)
  if (image.uid?.value === undefined)
    throw new ConfigError(
      `container has runAsNonRoot and image has non-numeric user (${image.username}), cannot verify user is non-root ${where}`,
    )
}

const supplementalGroups = (pod: Pod): readonly number[] => {
  const { supplementalGroups = [], fsGroup } = pod.spec.securityContext ?? {}
  return fsGroup === undefined ? supplementalGroups : [...supplementalGroups, fsGroup]
}

function namespaces(pod: Pod, targetId?: string): NamespaceOption {
  const { hostNetwork, hostPID, hostIPC, shareProcessNamespace } = pod.spec
  const pid = targetId
    ? NamespaceMode.target
    : hostPID
      ? NamespaceMode.node
      : shareProcessNamespace
        ? NamespaceMode.pod
        : NamespaceMode.container
  return {
    network: hostNetwork ? NamespaceMode.node : NamespaceMode.pod,
    ipc: hostIPC ? NamespaceMode.node : NamespaceMode.pod,
    pid,
    ...(targetId ? { targetId } : {}),
  }
}

function seccompProfile(profile: SeccompProfile | undefined, root: string): SecurityProfile {
  switch (profile?.type) {
    case 'RuntimeDefault':
      return { profileType: ProfileType.runtimeDefault }
    case 'Localhost':
      return { profileType: ProfileType.localhost, localhostRef: `${root}/${profile.localhostProfile ?? ''}` }
    default:
      return { profileType: ProfileType.unconfined }
  }
}

function appArmorProfile(profile: AppArmorProfile | undefined): SecurityProfile | undefined {
  switch (profile?.type) {
    case 'RuntimeDefault':
      return { profileType: ProfileType.runtimeDefault }
    case 'Localhost':
      return { profileType: ProfileType.localhost, localhostRef: profile.localhostProfile ?? '' }
    case 'Unconfined':
      return { profileType: ProfileType.unconfined }
    default:
      return undefined
  }
}

const seLinux = ({ user = '', role = '', type = '', level = '' }: SELinuxOptions) => ({ user, role, type, level })
