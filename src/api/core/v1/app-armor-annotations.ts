import { jsonEqual } from '../../../machinery/json-equal.js'
import type { Draft } from '../../../schema/index.js'
import type { Pod } from './pod.js'
import type { AppArmorProfile } from './security-context.js'

/** With the name of a container behind it: the annotation that named its profile before there was a field for it. */
export const appArmorPrefix = 'container.apparmor.security.beta.kubernetes.io/'

const longestProfile = 4095

/** The profile that an annotation names, undefined if it names none. */
export function appArmorOf(annotation: string): AppArmorProfile | undefined {
  if (annotation === 'unconfined') return { type: 'Unconfined' }
  if (annotation === 'runtime/default') return { type: 'RuntimeDefault' }
  if (!annotation.startsWith('localhost/')) return undefined
  const localhostProfile = annotation.slice('localhost/'.length)
  const isFine = localhostProfile !== '' && localhostProfile.trim() === localhostProfile
  return isFine && localhostProfile.length <= longestProfile ? { type: 'Localhost', localhostProfile } : undefined
}

/** Containers of a new pod get the profiles that annotations name, unless the whole pod has the same one. */
export function takeAppArmorAnnotations({ metadata, spec }: Draft<Pod>): void {
  if (spec.os?.name === 'windows' || !metadata.annotations) return
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) {
    const annotation = metadata.annotations[appArmorPrefix + container.name]
    if (annotation === undefined || container.securityContext?.appArmorProfile) continue
    const profile = appArmorOf(annotation)
    if (!profile || jsonEqual(profile, spec.securityContext?.appArmorProfile)) continue
    container.securityContext = { ...container.securityContext, appArmorProfile: { ...profile } }
  }
}
