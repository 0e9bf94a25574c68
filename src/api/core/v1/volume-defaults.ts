import type { Draft } from '../../../schema/index.js'
import type { PersistentVolumeClaimSpec } from './persistent-volume-claim.js'
import { defaultPullPolicy } from './pod-defaults.js'
import type { Volume } from './volume.js'
import type { DownwardAPIVolumeFile } from './volume-projection.js'

const fileMode = 0o644
const tokenSeconds = 3600

/** What a volume of a pod leaves out. Defaults of plain values are in the types. */
export function defaultVolume(volume: Draft<Volume>): void {
  if (Object.keys(volume).every(field => field === 'name')) volume.emptyDir = {}
  for (const source of [volume.configMap, volume.secret, volume.downwardAPI, volume.projected])
    if (source) source.defaultMode ??= fileMode
  if (volume.hostPath) volume.hostPath.type ??= ''
  if (volume.image) volume.image.pullPolicy ||= defaultPullPolicy(volume.image.reference ?? '')
  if (volume.ephemeral?.volumeClaimTemplate) defaultClaimSpec(volume.ephemeral.volumeClaimTemplate.spec)
  defaultFiles(volume.downwardAPI?.items)
  for (const source of volume.projected?.sources ?? []) {
    defaultFiles(source.downwardAPI?.items)
    if (source.serviceAccountToken) source.serviceAccountToken.expirationSeconds ??= tokenSeconds
  }
}

function defaultFiles(files: Draft<DownwardAPIVolumeFile>[] | undefined): void {
  for (const { fieldRef } of files ?? []) if (fieldRef) fieldRef.apiVersion ||= 'v1'
}

export function defaultClaimSpec(spec: Draft<PersistentVolumeClaimSpec>): void {
  spec.volumeMode ??= 'Filesystem'
}
