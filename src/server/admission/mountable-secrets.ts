import type { Container, Pod, ServiceAccount } from '../../api/core/v1/index.js'
import { podReferences } from '../authorization/node/pod-references.js'

const mountable = 'kubernetes.io/enforce-mountable-secrets'
/** What counts as yes in an annotation. */
const yes = new Set(['1', 't', 'T', 'true', 'True', 'TRUE'])

type Spec = Pod['spec']

/**
 * What of its secrets a pod may not use, because its account lists those that it may:
 * https://kubernetes.io/docs/concepts/security/service-accounts/#enforce-mountable-secrets
 */
export function unlistedSecret(account: ServiceAccount, spec: Spec): string | undefined {
  if (!limits(account)) return undefined
  const listed = new Set(account.secrets?.map(({ name }) => name))
  const pulled = new Set(account.imagePullSecrets?.map(({ name }) => name))
  const denied = ` is not allowed because service account ${account.metadata.name} does not reference that`
  const volume = spec.volumes?.find(({ secret }) => secret && !listed.has(secret.secretName ?? ''))
  if (volume) return `volume with ${named(volume.secret?.secretName)}${denied} secret`
  for (const [what, containers] of [
    ['init container', spec.initContainers],
    ['container', spec.containers],
  ] as const) {
    const found = containerSecret(what, containers ?? [], listed)
    if (found) return `${found}${denied} secret`
  }
  const pull = (spec.imagePullSecrets ?? []).findIndex(({ name }) => !pulled.has(name))
  return pull < 0
    ? undefined
    : `imagePullSecrets[${pull}].name="${spec.imagePullSecrets?.[pull]?.name}"${denied} imagePullSecret`
}

/** As `unlistedSecret`, of the containers that are added to a running pod. */
export function unlistedEphemeralSecret(
  account: ServiceAccount,
  { ephemeralContainers = [] }: Spec,
): string | undefined {
  if (!limits(account)) return undefined
  const listed = new Set(account.secrets?.map(({ name }) => name))
  const found = containerSecret('ephemeral container', ephemeralContainers as readonly Container[], listed)
  return (
    found && `${found} is not allowed because service account ${account.metadata.name} does not reference that secret`
  )
}

/** What a pod that only shows what runs by a manifest of its node may not have. */
export function mirrorObjection(spec: Spec): string | undefined {
  if (spec.serviceAccountName) return 'a mirror pod may not reference service accounts'
  const references = podReferences({ metadata: {}, spec } as Pod)
  if ([...references].some(reference => reference.startsWith('Secret/')))
    return 'a mirror pod may not reference secrets'
  const hasToken = spec.volumes?.some(({ projected }) => projected?.sources?.some(source => source.serviceAccountToken))
  return hasToken ? 'a mirror pod may not use ServiceAccountToken volume projections' : undefined
}

const limits = ({ metadata }: ServiceAccount): boolean => yes.has(metadata.annotations?.[mountable] ?? '')

const named = (secret: string | undefined): string => `secret.secretName="${secret ?? ''}"`

function containerSecret(
  what: string,
  containers: readonly Pick<Container, 'name' | 'env' | 'envFrom'>[],
  listed: ReadonlySet<string | undefined>,
): string | undefined {
  for (const { name, env = [], envFrom = [] } of containers) {
    const variable = env.find(({ valueFrom }) => valueFrom?.secretKeyRef && !listed.has(valueFrom.secretKeyRef.name))
    if (variable) {
      const secret = variable.valueFrom?.secretKeyRef?.name
      return `${what} ${name} with envVar ${variable.name} referencing ${named(secret)}`
    }
    const source = envFrom.find(({ secretRef }) => secretRef && !listed.has(secretRef.name))
    if (source) return `${what} ${name} with envFrom referencing ${named(source.secretRef?.name)}`
  }
  return undefined
}
