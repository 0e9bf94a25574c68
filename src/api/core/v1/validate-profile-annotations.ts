import { forbiddenField, invalidValue } from '../../../machinery/field-errors.js'
import { goQuote } from '../../../machinery/go-format.js'
import type { FieldPath } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { containersOf } from './all-containers.js'
import { appArmorPrefix } from './app-armor-annotations.js'
import type { PodSpec } from './pod-spec.js'
import type { AppArmorProfile, SeccompProfile } from './security-context.js'
import { validateDescendingPath } from './validate-paths.js'

/** Annotations that named security profiles before there were fields for them. */
const seccompPod = 'seccomp.security.alpha.kubernetes.io/pod'
const seccompPrefix = 'container.seccomp.security.alpha.kubernetes.io/'

type Annotations = { readonly [key: string]: string }
/** What the annotations say by themselves. */
export function validateProfileAnnotations(annotations: Annotations, spec: PodSpec, at: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  for (const [key, value] of Object.entries(annotations)) {
    if (key === seccompPod || key.startsWith(seccompPrefix)) errors.push(...validateSeccompText(value, at.child(key)))
    if (!key.startsWith(appArmorPrefix)) continue
    const name = key.slice(appArmorPrefix.length)
    if (!containersOf(spec, at).some(([container]) => container.name === name))
      errors.push(invalidValue(at.key(key), name, 'container not found'))
    if (value && value !== 'runtime/default' && value !== 'unconfined' && !value.startsWith('localhost/'))
      errors.push(invalidValue(at.key(key), value, `invalid AppArmor profile name: ${goQuote(value)}`))
  }
  return errors
}

function validateSeccompText(profile: string, at: FieldPath): FieldError[] {
  if (profile === 'runtime/default' || profile === 'docker/default' || profile === 'unconfined') return []
  return profile.startsWith('localhost/')
    ? validateDescendingPath(profile.slice('localhost/'.length), at)
    : [invalidValue(at, profile, 'must be a valid seccomp profile')]
}

function isEmpty(annotations: Annotations): boolean {
  for (const _ in annotations) return false
  return true
}

/** Where there is an annotation and a field, both say the same. */
export function validateProfilesAgree(annotations: Annotations, spec: PodSpec, at: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  if (isEmpty(annotations)) return errors
  const agree = (
    what: 'seccomp' | 'apparmor',
    annotation: string | undefined,
    profile: SeccompProfile | AppArmorProfile | undefined,
    here: FieldPath,
  ): void => {
    if (annotation === undefined || !profile) return
    const { type, localhostProfile } = profile
    const differ = () =>
      errors.push(forbiddenField(here.child('type'), `${what} type in annotation and field must match`))
    if (type === 'Unconfined' && annotation !== 'unconfined') differ()
    if (type === 'RuntimeDefault' && annotation !== 'runtime/default')
      if (what === 'apparmor' || annotation !== 'docker/default') differ()
    if (type !== 'Localhost') return
    if (!annotation.startsWith('localhost/')) differ()
    else if (annotation.slice('localhost/'.length) !== localhostProfile)
      errors.push(forbiddenField(here.child('localhostProfile'), `${what} profile in annotation and field must match`))
  }
  const { seccompProfile, appArmorProfile } = spec.securityContext ?? {}
  agree('seccomp', annotations[seccompPod], seccompProfile, at.child('securityContext', 'seccompProfile'))
  const containers = containersOf(spec, at)
  for (const [{ name, securityContext }, here] of containers)
    agree(
      'seccomp',
      annotations[seccompPrefix + name],
      securityContext?.seccompProfile,
      here.child('securityContext', 'seccompProfile'),
    )
  if (spec.os?.name === 'windows') return errors
  for (const [{ name, securityContext }, here] of containers)
    agree(
      'apparmor',
      annotations[appArmorPrefix + name],
      securityContext?.appArmorProfile ?? appArmorProfile,
      here.child('securityContext', 'appArmorProfile'),
    )
  return errors
}
