import {
  duplicate,
  forbiddenField,
  invalidValue,
  invalidValues,
  notSupported,
  required,
  Shown,
  tooLong,
} from '../../../machinery/field-errors.js'
import { goJson } from '../../../machinery/go-format.js'
import { dns1123Subdomain, userId } from '../../../machinery/names.js'
import type { FieldPath } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { oneOf } from '../../field-rules.js'
import type { PodSpec } from './pod-spec.js'
import type {
  AppArmorProfile,
  PodSecurityContext,
  SeccompProfile,
  SecurityContext,
  WindowsSecurityContextOptions,
} from './security-context.js'
import { validateDescendingPath } from './validate-paths.js'

const id = (value: number | undefined, at: FieldPath): FieldError[] =>
  value === undefined ? [] : invalidValues(at, value, userId(value))

/** The security context of a container. `hostUsers`: the pod shares the users of its node. */
export function validateSecurityContext(
  context: SecurityContext | undefined,
  hostUsers: boolean,
  at: FieldPath,
): FieldError[] {
  if (!context) return []
  const { privileged, allowPrivilegeEscalation, procMount, capabilities } = context
  const errors = [
    ...id(context.runAsUser, at.child('runAsUser')),
    ...id(context.runAsGroup, at.child('runAsGroup')),
    ...oneOf(procMount, ['Default', 'Unmasked'], at.child('procMount')),
  ]
  if (procMount === 'Unmasked' && hostUsers)
    errors.push(invalidValue(at.child('procMount'), procMount, '`hostUsers` must be false to use `Unmasked`'))
  errors.push(...validateSeccomp(context.seccompProfile, at.child('seccompProfile')))
  if (allowPrivilegeEscalation === false) {
    const shown = new Shown(goContext(context))
    const refuse = (what: string): void => {
      errors.push(invalidValue(at, shown, `cannot set \`allowPrivilegeEscalation\` to false and ${what}`))
    }
    if (privileged) refuse('`privileged` to true')
    if (capabilities?.add?.includes('CAP_SYS_ADMIN')) refuse('`capabilities.Add` CAP_SYS_ADMIN')
  }
  return [
    ...errors,
    ...validateWindowsOptions(context.windowsOptions, at.child('windowsOptions')),
    ...validateAppArmor(context.appArmorProfile, at.child('appArmorProfile')),
  ]
}

/** As messages show it. */
function goContext(context: SecurityContext): string {
  const {
    capabilities,
    seccompProfile: seccomp,
    appArmorProfile: appArmor,
    seLinuxOptions: se,
    windowsOptions: win,
  } = context
  const profile = (value: SeccompProfile | undefined) =>
    value ? { Type: value.type, LocalhostProfile: value.localhostProfile ?? null } : null
  return goJson({
    Capabilities: capabilities ? { Add: capabilities.add ?? null, Drop: capabilities.drop ?? null } : null,
    Privileged: context.privileged ?? null,
    SELinuxOptions: se
      ? { User: se.user ?? '', Role: se.role ?? '', Type: se.type ?? '', Level: se.level ?? '' }
      : null,
    WindowsOptions: win
      ? {
          GMSACredentialSpecName: win.gmsaCredentialSpecName ?? null,
          GMSACredentialSpec: win.gmsaCredentialSpec ?? null,
          RunAsUserName: win.runAsUserName ?? null,
          HostProcess: win.hostProcess ?? null,
        }
      : null,
    RunAsUser: context.runAsUser ?? null,
    RunAsGroup: context.runAsGroup ?? null,
    RunAsNonRoot: context.runAsNonRoot ?? null,
    ReadOnlyRootFilesystem: context.readOnlyRootFilesystem ?? null,
    AllowPrivilegeEscalation: context.allowPrivilegeEscalation ?? null,
    ProcMount: context.procMount ?? null,
    SeccompProfile: profile(seccomp),
    AppArmorProfile: profile(appArmor),
  })
}

/** The security context of a pod, and what of its spec belongs with it. */
export function validatePodSecurityContext(spec: PodSpec, at: FieldPath): FieldError[] {
  const context: PodSecurityContext = spec.securityContext ?? {}
  const errors = [
    ...id(context.fsGroup, at.child('fsGroup')),
    ...id(context.runAsUser, at.child('runAsUser')),
    ...id(context.runAsGroup, at.child('runAsGroup')),
    ...(context.supplementalGroups ?? []).flatMap((group, i) => id(group, at.child('supplementalGroups').index(i))),
  ]
  if (spec.shareProcessNamespace && spec.hostPID)
    errors.push(
      invalidValue(at.child('shareProcessNamespace'), true, 'ShareProcessNamespace and HostPID cannot both be enabled'),
    )
  return [
    ...errors,
    ...validateSysctls(spec, context, at.child('sysctls')),
    ...oneOf(context.fsGroupChangePolicy, ['Always', 'OnRootMismatch'], at.child('fsGroupChangePolicy')),
    ...validateSeccomp(context.seccompProfile, at.child('seccompProfile')),
    ...validateWindowsOptions(context.windowsOptions, at.child('windowsOptions')),
    ...validateAppArmor(context.appArmorProfile, at.child('appArmorProfile')),
    ...oneOf(context.supplementalGroupsPolicy, ['Merge', 'Strict'], at.child('supplementalGroupsPolicy')),
    ...oneOf(context.seLinuxChangePolicy, ['MountOption', 'Recursive'], at.child('seLinuxChangePolicy')),
  ]
}

const sysctlSyntax = '^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$'
const sysctlName = new RegExp(sysctlSyntax)
const longestSysctl = 253

function validateSysctls(spec: PodSpec, { sysctls = [] }: PodSecurityContext, at: FieldPath): FieldError[] {
  const seen = new Set<string>()
  return sysctls.flatMap(({ name }, i) => {
    const here = at.index(i).child('name')
    const dotted = name.replaceAll('/', '.')
    if (!name) return [required(here)]
    if (name.length > longestSysctl || !sysctlName.test(name))
      return [invalidValue(here, name, `must have at most ${longestSysctl} characters and match regex ${sysctlSyntax}`)]
    if (seen.has(dotted)) return [duplicate(here, name)]
    seen.add(dotted)
    if (spec.hostNetwork && dotted.startsWith('net.'))
      return [invalidValue(here, name, "may not be specified when 'hostNetwork' is true")]
    const ipc = /^(kernel\.(shm|msg|sem)|fs\.mqueue\.)/.test(dotted)
    return spec.hostIPC && ipc ? [invalidValue(here, name, "may not be specified when 'hostIPC' is true")] : []
  })
}

const profileTypes = ['Localhost', 'RuntimeDefault', 'Unconfined']

function validateSeccomp(profile: SeccompProfile | undefined, at: FieldPath): FieldError[] {
  if (!profile) return []
  const { type, localhostProfile } = profile
  const errors: FieldError[] = []
  if (!type) errors.push(required(at.child('type'), 'type is required when seccompProfile is set'))
  else if (!profileTypes.includes(type)) errors.push(notSupported(at.child('type'), type, profileTypes))
  const here = at.child('localhostProfile')
  if (type === 'Localhost') {
    if (localhostProfile === undefined) errors.push(required(here, 'must be set when seccomp type is Localhost'))
    else errors.push(...validateDescendingPath(localhostProfile, here))
  } else if (localhostProfile !== undefined)
    errors.push(
      invalidValue(
        here,
        new Shown(goJson({ Type: type, LocalhostProfile: localhostProfile })),
        'can only be set when seccomp type is Localhost',
      ),
    )
  return errors
}

const longestProfile = 4095

function validateAppArmor(profile: AppArmorProfile | undefined, at: FieldPath): FieldError[] {
  if (!profile) return []
  const { type, localhostProfile } = profile
  const here = at.child('localhostProfile')
  if (!type) return [required(at.child('type'), 'type is required when appArmorProfile is set')]
  if (!profileTypes.includes(type)) return [notSupported(at.child('type'), type, profileTypes)]
  if (type !== 'Localhost')
    return localhostProfile === undefined
      ? []
      : [invalidValue(here, localhostProfile, 'can only be set when AppArmor type is Localhost')]
  const missing = required(here, 'must be set when AppArmor type is Localhost')
  if (localhostProfile === undefined) return [missing]
  const errors: FieldError[] = []
  const trimmed = localhostProfile.trim()
  if (trimmed !== localhostProfile)
    errors.push(invalidValue(here, localhostProfile, 'must not be padded with whitespace'))
  else if (!trimmed) errors.push(missing)
  if (localhostProfile.length > longestProfile) errors.push(tooLong(here, longestProfile))
  return errors
}

const longestCredentialSpec = 64 * 1024
const reservedUserCharacters = /["/\\:;|=,+*?<>@[\]]/
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
const controlCharacters = /[\x00-\x1f\x7f-\x9f]/

function validateWindowsOptions(options: WindowsSecurityContextOptions | undefined, at: FieldPath): FieldError[] {
  if (!options) return []
  const { gmsaCredentialSpecName: specName, gmsaCredentialSpec: spec, runAsUserName: user } = options
  const errors: FieldError[] = []
  if (specName !== undefined)
    errors.push(...invalidValues(at.child('gmsaCredentialSpecName'), specName, dns1123Subdomain(specName)))
  if (spec === '')
    errors.push(invalidValue(at.child('gmsaCredentialSpec'), spec, 'gmsaCredentialSpec cannot be an empty string'))
  else if (spec !== undefined && Buffer.byteLength(spec) > longestCredentialSpec)
    errors.push(invalidValue(at.child('gmsaCredentialSpec'), spec, 'gmsaCredentialSpec size must be under 64 KiB'))
  if (user !== undefined) errors.push(...validateWindowsUser(user, at.child('runAsUserName')))
  return errors
}

/** `USER` or `DOMAIN\USER`. */
function validateWindowsUser(name: string, at: FieldPath): FieldError[] {
  const refuse = (detail: string): FieldError => invalidValue(at, name, `runAsUserName ${detail}`)
  const [first = '', ...rest] = name.split('\\')
  const [domain, user] = rest.length > 0 ? [first, rest[0] ?? ''] : [undefined, first]
  const errors: FieldError[] = []
  if (name === '') errors.push(refuse('cannot be an empty string'))
  if (controlCharacters.test(name)) errors.push(refuse('cannot contain control characters'))
  if (rest.length > 1) errors.push(refuse('cannot contain more than one backslash'))
  if (domain !== undefined) {
    const netBios = /^[^.\\/:*?"<>|][^\\/:*?"<>|]{0,14}$/.test(domain)
    const dns = /^[a-zA-Z0-9]+(-[a-zA-Z0-9]+)*(\.[a-zA-Z0-9]+(-[a-zA-Z0-9]+)*)+$/.test(domain)
    if (domain.length >= 256) errors.push(refuse("'s Domain length must be under 256 characters"))
    if (!netBios && !dns) errors.push(refuse("'s Domain doesn't match the NetBios nor the DNS format"))
  }
  if (user === '') errors.push(refuse("'s User cannot be empty"))
  else if (user.length > 104) errors.push(refuse("'s User length must not be longer than 104 characters"))
  if (user !== '' && /^[. ]+$/.test(user)) errors.push(refuse("'s User cannot contain only periods or spaces"))
  if (reservedUserCharacters.test(user))
    errors.push(refuse('\'s User cannot contain the following characters: "/\\:;|=,+*?<>@[]'))
  return errors
}

/** What only the other system has must not be set. */
export function validateForSystem(spec: PodSpec, at: FieldPath): FieldError[] {
  const contexts: (readonly [SecurityContext & PodSecurityContext, FieldPath])[] = []
  if (spec.securityContext) contexts.push([spec.securityContext as PodSecurityContext & SecurityContext, at])
  for (const list of ['containers', 'initContainers', 'ephemeralContainers'] as const)
    spec[list]?.forEach(({ securityContext }, i) => {
      if (securityContext)
        contexts.push([securityContext as SecurityContext & PodSecurityContext, at.child(list).index(i)])
    })
  if (spec.os?.name === 'linux')
    return contexts.flatMap(([context, here]) =>
      context.windowsOptions
        ? [
            forbiddenField(
              here.child('securityContext', 'windowsOptions'),
              'windows options cannot be set for a linux pod',
            ),
          ]
        : [],
    )
  const windowsDetail = 'cannot be set for a windows pod'
  const pod = (['hostPID', 'hostIPC', 'shareProcessNamespace'] as const).flatMap(field =>
    spec[field] ? [forbiddenField(at.child(field), windowsDetail)] : [],
  )
  return [
    ...pod,
    ...contexts.flatMap(([context, here]) =>
      linuxOnly.flatMap(field => {
        const value = context[field]
        return value === undefined || (Array.isArray(value) && value.length === 0)
          ? []
          : [forbiddenField(here.child('securityContext', field), windowsDetail)]
      }),
    ),
  ]
}

const linuxOnly = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'fsGroup',
  'fsGroupChangePolicy',
  'sysctls',
  'runAsUser',
  'runAsGroup',
  'supplementalGroups',
  'supplementalGroupsPolicy',
  'capabilities',
  'readOnlyRootFilesystem',
  'privileged',
  'allowPrivilegeEscalation',
  'procMount',
] as const
