import { goQuote } from '../../../machinery/go-format.js'
import type { FieldPath } from '../../../machinery/path.js'
import { parseQuantity } from '../../../machinery/quantity.js'
import type { PersistentVolumeClaimSpec } from './persistent-volume-claim.js'
import type { Volume } from './volume.js'
import type { VolumeProjection } from './volume-projection.js'

/** Sources of volumes that are on their way out. */
const oldVolumes: ReadonlyMap<string, string> = new Map([
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
])

export function volumeWarnings(volumes: readonly Volume[] | undefined, at: FieldPath): string[] {
  const warnings: string[] = []
  if (!volumes) return warnings
  volumes.forEach((volume, i) => {
    for (const source in volume) {
      const why = oldVolumes.get(source)
      if (why === undefined || volume[source as keyof Volume] === undefined) continue
      const here = at.index(i)
      const { volumeClaimTemplate } = volume.ephemeral ?? {}
      if (source !== 'ephemeral') warnings.push(`${here.child(source === 'storageos' ? 'storageOS' : source)}: ${why}`)
      else if (volumeClaimTemplate)
        warnings.push(
          ...claimSpecWarnings(volumeClaimTemplate.spec, here.child('ephemeral', 'volumeClaimTemplate', 'spec')),
        )
    }
  })
  for (const volume of volumes) warnings.push(...overlaps(volume))
  return warnings
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

/** Files of a volume, and what they come from. */
interface Files {
  readonly paths: readonly string[]
  readonly from: () => string
}

const noFiles: Files = { paths: [], from: () => '' }

/** Files of one volume that hide each other. */
function overlaps({ name, configMap, secret, downwardAPI, projected }: Volume): string[] {
  const warnings: string[] = []
  const check = ({ paths, from }: Files, sorted = paths): void =>
    tellOverlaps(sorted, () => `volume ${goQuote(name)} (${from()}): overlapping paths`, warnings)
  if (configMap?.items) check(filesAt(configMap.items, () => `ConfigMap ${goQuote(configMap.name ?? '')}`))
  if (secret?.items) check(filesAt(secret.items, () => `Secret ${goQuote(secret.secretName ?? '')}`))
  if (downwardAPI?.items) check(filesAt(downwardAPI.items, () => 'DownwardAPI'))
  const all: string[] = []
  let collided = false
  // A source without files of its own is told about as the one before it.
  let last = noFiles
  if (!projected?.sources) return warnings
  for (const source of projected.sources) {
    if (isEmpty(source)) {
      warnings.push(`volume ${goQuote(name)} (Projected) has no sources provided`)
      continue
    }
    last = filesOf(source) ?? last
    collided ||= anyCollide(last.paths, all)
    if (collided && last.paths.length > 0) {
      check(last)
      check(last, [...new Set(last.paths), ...new Set(all)].sort())
    }
    all.push(...last.paths)
  }
  return warnings
}

function isEmpty(source: object): boolean {
  for (const _ in source) return false
  return true
}

/** Whether any path collides with one before it, or with one of the others. */
function anyCollide(paths: readonly string[], others: readonly string[]): boolean {
  for (let i = 0; i < paths.length; i++) {
    const path = trimmed(paths[i] as string)
    for (let j = 0; j < i; j++) if (collide(path, trimmed(paths[j] as string))) return true
    for (const other of others) if (collide(path, trimmed(other))) return true
  }
  return false
}

const filesAt = (items: readonly { readonly path: string }[], from: () => string): Files => ({
  paths: items.map(({ path }) => path),
  from,
})

function filesOf(source: VolumeProjection): Files | undefined {
  const { configMap, secret, downwardAPI, serviceAccountToken: token, clusterTrustBundle: bundle } = source
  if (configMap?.items) return filesAt(configMap.items, () => `Projected ConfigMap ${goQuote(configMap.name ?? '')}`)
  if (secret?.items) return filesAt(secret.items, () => `Projected Secret ${goQuote(secret.name ?? '')}`)
  if (downwardAPI?.items) return filesAt(downwardAPI.items, () => 'Projected DownwardAPI')
  if (token) return filesAt([token], () => 'Projected ServiceAccountToken')
  if (!bundle) return undefined
  return filesAt([bundle], () => `Projected ClusterTrustBundle ${goQuote(bundle.name ?? bundle.signerName ?? '')}`)
}

function tellOverlaps(paths: readonly string[], about: () => string, warnings: string[]): void {
  const seen: string[] = []
  for (const given of paths) {
    const path = trimmed(given)
    const other = seen.find(known => collide(known, path))
    if (!seen.includes(path)) seen.push(path)
    if (other !== undefined) warnings.push(`${about()}: ${goQuote(path)} with ${goQuote(other)}`)
  }
}

const trimmed = (path: string): string => (path.endsWith('/') ? path.replace(/\/+$/, '') : path)

/** Whether one path is, or begins with, the other; neither ends with a slash. No path at all collides with nothing. */
const collide = (a: string, b: string): boolean => a !== '' && b !== '' && (a.startsWith(b) || b.startsWith(a))
