import { goQuote } from '../../../machinery/go-format.js'
import type { FieldPath } from '../../../machinery/path.js'
import { parseQuantity } from '../../../machinery/quantity.js'
import type { PersistentVolumeClaimSpec } from './persistent-volume-claim.js'
import type { Volume } from './volume.js'
import type { VolumeProjection } from './volume-projection.js'

/** Sources of volumes that are on their way out, in the order in which they are told about. */
const oldVolumes: readonly (readonly [keyof Volume, string])[] = [
  ['photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['gitRepo', 'deprecated in v1.11, and disabled by default in v1.33+'],
  ['scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['flocker', 'deprecated in v1.22, non-functional in v1.25+'],
  ['storageos', 'deprecated in v1.22, non-functional in v1.25+'],
  ['quobyte', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['ephemeral', ''],
  ['cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['rbd', 'deprecated in v1.28, non-functional in v1.31+'],
]

export function volumeWarnings(volumes: readonly Volume[] | undefined, at: FieldPath): string[] {
  const outdated = (volumes ?? []).flatMap((volume, i) =>
    oldVolumes.flatMap(([source, why]) => {
      const here = at.index(i)
      if (volume[source] === undefined) return []
      const { volumeClaimTemplate } = volume.ephemeral ?? {}
      if (source === 'ephemeral')
        return volumeClaimTemplate
          ? claimSpecWarnings(volumeClaimTemplate.spec, here.child('ephemeral', 'volumeClaimTemplate', 'spec'))
          : []
      return [`${here.child(source === 'storageos' ? 'storageOS' : source)}: ${why}`]
    }),
  )
  return [...outdated, ...(volumes ?? []).flatMap(overlaps)]
}

/** Bytes are whole: what is less than one is no amount. */
export function fractionWarning(quantity: string | undefined, at: FieldPath): string[] {
  if (quantity === undefined || parseQuantity(quantity).nanos % 1_000_000_000n === 0n) return []
  return [`${at}: fractional byte value "${quantity}" is invalid, must be an integer`]
}

/** What a claim asks for. */
export const claimSpecWarnings = ({ resources }: PersistentVolumeClaimSpec, at: FieldPath): string[] =>
  (['requests', 'limits'] as const).flatMap(list =>
    fractionWarning(resources[list]?.['storage'], at.child('resources', list).key('storage')),
  )

/** Files of one volume that hide each other. */
function overlaps({ name, configMap, secret, downwardAPI, projected }: Volume): string[] {
  const about = (what: string) => `volume ${goQuote(name)} (${what}): overlapping paths`
  const warnings: string[] = []
  const check = (items: readonly { readonly path: string }[] | undefined, what: string): void => {
    if (items)
      warnings.push(
        ...overlapping(
          items.map(({ path }) => path),
          about(what),
        ),
      )
  }
  check(configMap?.items, `ConfigMap ${goQuote(configMap?.name ?? '')}`)
  check(secret?.items, `Secret ${goQuote(secret?.secretName ?? '')}`)
  check(downwardAPI?.items, 'DownwardAPI')
  const all = new Set<string>()
  // A source without files of its own is told about as the one before it.
  let last: { readonly paths: readonly string[]; readonly what: string } = { paths: [], what: '' }
  for (const source of projected?.sources ?? []) {
    if (Object.keys(source).length === 0) {
      warnings.push(`volume ${goQuote(name)} (Projected) has no sources provided`)
      continue
    }
    last = filesOf(source) ?? last
    if (last.paths.length === 0) continue
    const own = [...new Set(last.paths)]
    warnings.push(
      ...overlapping(last.paths, about(last.what)),
      ...overlapping([...own, ...all].sort(), about(last.what)),
    )
    for (const path of own) all.add(path)
  }
  return warnings
}

function filesOf(source: VolumeProjection): { readonly paths: readonly string[]; readonly what: string } | undefined {
  const { configMap, secret, downwardAPI, serviceAccountToken: token, clusterTrustBundle: bundle } = source
  const paths = (items: readonly { readonly path: string }[]) => items.map(({ path }) => path)
  if (configMap?.items)
    return { paths: paths(configMap.items), what: `Projected ConfigMap ${goQuote(configMap.name ?? '')}` }
  if (secret?.items) return { paths: paths(secret.items), what: `Projected Secret ${goQuote(secret.name ?? '')}` }
  if (downwardAPI?.items) return { paths: paths(downwardAPI.items), what: 'Projected DownwardAPI' }
  if (token) return { paths: [token.path], what: 'Projected ServiceAccountToken' }
  if (!bundle) return undefined
  return {
    paths: [bundle.path],
    what: `Projected ClusterTrustBundle ${goQuote(bundle.name ?? bundle.signerName ?? '')}`,
  }
}

function overlapping(paths: readonly string[], about: string): string[] {
  const seen = new Set<string>()
  return paths.flatMap(given => {
    const path = given.replace(/\/+$/, '')
    const other = path ? [...seen].find(known => known && collide(known, path)) : undefined
    seen.add(path)
    return other === undefined ? [] : [`${about}: ${goQuote(path)} with ${goQuote(other)}`]
  })
}

const collide = (a: string, b: string): boolean => `${a}/`.startsWith(b) || `${b}/`.startsWith(a)
