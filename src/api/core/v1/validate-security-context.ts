import {
  duplicate,
  forbiddenField,
  invalidValue,
  invalidValues,
  notSupported,
  required,
  tooLong,
} from '../../../machinery/field-errors.js'
import { dns1123Subdomain, userId } from '../../../machinery/names.js'
import type { FieldPath } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { oneOf } from '../../field-rules.js'
import { shownInternally } from '../../internal-form.js'
import { ofItems } from '../../list-rules.js'
import { type AnyContainer, containersOf, someContainer } from './all-containers.js'
import type { PodSpec } from './pod-spec.js'
import {
  type AppArmorProfile,
  type PodSecurityContext,
  SeccompProfile,
  SecurityContext,
  type WindowsSecurityContextOptions,
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
    const refuse = (what: string): void => {
      const shown = shownInternally(SecurityContext, context)
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

/** The security context of a pod, and what of its spec belongs with it. */
export function validatePodSecurityContext(spec: PodSpec, at: FieldPath): FieldError[] {
  const context: PodSecurityContext = spec.securityContext ?? {}
  const errors = [
    ...id(context.fsGroup, at.child('fsGroup')),
    ...id(context.runAsUser, at.child('runAsUser')),
    ...id(context.runAsGroup, at.child('runAsGroup')),
    ...ofItems(context.supplementalGroups, (group, i) => id(group, at.child('supplementalGroups').index(i))),
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
  if (sysctls.length === 0) return []
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
      invalidValue(here, shownInternally(SeccompProfile, profile), 'can only be set when seccomp type is Localhost'),
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

const dnsLabel = '[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?'
const dnsDomain = new RegExp(`^${dnsLabel}(?:\\.${dnsLabel})*$`)
const netBiosDomain = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/
const longestWindowsUser = 104
const longestWindowsDomain = 256

/** `USER` or `DOMAIN\USER`. */
function validateWindowsUser(name: string, at: FieldPath): FieldError[] {
  const refuse = (detail: string): FieldError => invalidValue(at, name, `runAsUserName${detail}`)
  if (name === '') return [refuse(' cannot be an empty string')]
  if (controlCharacters.test(name)) return [refuse(' cannot contain control characters')]
  const parts = name.split('\\')
  if (parts.length > 2) return [refuse(' cannot contain more than one backslash')]
  const user = parts.at(-1) ?? ''
  const domain = parts.length > 1 ? (parts[0] ?? '') : undefined
  const errors: FieldError[] = []
  if (domain !== undefined && domain.length >= longestWindowsDomain)
    errors.push(refuse(`'s Domain length must be under ${longestWindowsDomain} characters`))
  if (domain !== undefined && !netBiosDomain.test(domain) && !dnsDomain.test(domain))
    errors.push(refuse("'s Domain doesn't match the NetBios nor the DNS format"))
  if (user === '') errors.push(refuse("'s User cannot be empty"))
  else if (user.length > longestWindowsUser)
    errors.push(refuse(`'s User length must not be longer than ${longestWindowsUser} characters`))
  if (/^[. ]+$/.test(user)) errors.push(refuse("'s User cannot contain only periods or spaces"))
  if (reservedUserCharacters.test(user))
    errors.push(refuse('\'s User cannot contain the following characters: "/\\:;|=,+*?<>@[]'))
  return errors
}

type AnyContext = SecurityContext & PodSecurityContext

const containerContexts = (spec: PodSpec, at: FieldPath): readonly (readonly [AnyContext | undefined, FieldPath])[] =>
  containersOf(spec, at).map(
    ([{ securityContext }, here]) =>
      [securityContext as AnyContext | undefined, here.child('securityContext')] as const,
  )

const hasWindowsOptions = ({ securityContext }: AnyContainer): boolean =>
  (securityContext as AnyContext | undefined)?.windowsOptions !== undefined

/** Containers of Windows that are processes of the host: all of a pod's or none. */
export function validateHostProcess(spec: PodSpec, at: FieldPath): FieldError[] {
  const ofPod = spec.securityContext?.windowsOptions?.hostProcess
  if (ofPod === undefined && !someContainer(spec, hasWindowsOptions)) return []
  const contexts = containerContexts(spec, at)
  const errors: FieldError[] = []
  let found = 0
  for (const [context, here] of contexts) {
    const own = context?.windowsOptions?.hostProcess
    if (ofPod !== undefined && own !== undefined && ofPod !== own)
      errors.push(
        invalidValue(
          here.child('windowsOptions', 'hostProcess'),
          own,
          `pod hostProcess value must be identical if both are specified, was ${ofPod}`,
        ),
      )
    if (own ?? ofPod) found++
  }
  if (found === 0) return errors
  if (found !== contexts.length)
    errors.push(
      invalidValue(
        at,
        '',
        'If pod contains any hostProcess containers then all containers must be HostProcess containers',
      ),
    )
  if (!spec.hostNetwork)
    errors.push(
      invalidValue(
        at.child('hostNetwork'),
        false,
        'hostNetwork must be true if pod contains any hostProcess containers',
      ),
    )
  return errors
}

/** What only the other system has must not be set. */
export function validateForSystem(spec: PodSpec, at: FieldPath): FieldError[] {
  const podAt = at.child('securityContext')
  const ofPod = spec.securityContext as AnyContext | undefined
  const contexts = containerContexts(spec, at)
  if (spec.os?.name === 'linux')
    return [[ofPod, podAt] as const, ...contexts].flatMap(([context, here]) =>
      context?.windowsOptions
        ? [forbiddenField(here.child('windowsOptions'), 'windows options cannot be set for a linux pod')]
        : [],
    )
  const refusals = (context: object | undefined, fields: readonly string[], here: FieldPath): FieldError[] =>
    fields.flatMap(field => {
      const owner = (podFields as readonly string[]).includes(field) ? spec : context
      const value = (owner as { readonly [field: string]: unknown } | undefined)?.[field]
      const set = field === 'hostPID' || field === 'hostIPC' ? value === true : value !== undefined
      const empty = field === 'sysctls' && Array.isArray(value) && value.length === 0
      const place = owner === spec ? at : here
      return set && !empty ? [forbiddenField(place.child(field), 'cannot be set for a windows pod')] : []
    })
  return [
    ...refusals(ofPod, linuxOnlyPod, podAt),
    ...contexts.flatMap(([context, here]) => refusals(context, linuxOnlyContainer, here)),
  ]
}

/** Fields of the pod itself that belong with its security context. */
const podFields = ['hostUsers', 'hostPID', 'hostIPC', 'shareProcessNamespace'] as const

const linuxOnlyPod = [
  ...['appArmorProfile', 'seLinuxOptions', 'hostUsers', 'hostPID', 'hostIPC', 'seccompProfile', 'fsGroup'],
  ...['fsGroupChangePolicy', 'sysctls', 'shareProcessNamespace', 'runAsUser', 'runAsGroup', 'supplementalGroups'],
  ...['supplementalGroupsPolicy', 'seLinuxChangePolicy'],
]

const linuxOnlyContainer = [
  ...['appArmorProfile', 'seLinuxOptions', 'seccompProfile', 'capabilities', 'readOnlyRootFilesystem', 'privileged'],
  ...['allowPrivilegeEscalation', 'procMount', 'runAsUser', 'runAsGroup'],
]
