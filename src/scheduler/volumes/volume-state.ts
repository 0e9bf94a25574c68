import { PersistentVolume, PersistentVolumeClaim } from '../../api/core/v1/index.js'
import { classOf } from '../../api/core/v1/volume-match.js'
import { CSIDriver, CSIStorageCapacity, StorageClass } from '../../api/storage/v1/index.js'
import { index } from '../../client/controller.js'
import { AssumedObjects } from '../assumed-objects.js'
import { listenTo } from '../listen-to.js'
import type { PluginHandle } from '../plugin-handle.js'

/** What is known of storage, what has been decided but not been told by the server yet included. */
export interface VolumeState {
  readonly claims: AssumedObjects<PersistentVolumeClaim>
  readonly volumes: AssumedObjects<PersistentVolume>
  /** Volumes that a claim may have, or that are reserved for it. */
  candidates(claim: PersistentVolumeClaim): PersistentVolume[]
  storageClass(name: string): StorageClass | undefined
  csiDriver(name: string): CSIDriver | undefined
  capacitiesOf(className: string): readonly CSIStorageCapacity[]
  /** Hears of changes of claims and volumes. Dispose of what is returned to end it. */
  onChange(listener: () => void): Disposable
}

const volumesByTaker = index(PersistentVolume, volume => {
  const { claimRef } = volume.spec
  return [claimRef ? `claim ${claimRef.namespace}/${claimRef.name}` : `class ${classOf(volume)}`]
})
const capacitiesByClass = index(CSIStorageCapacity, ({ storageClassName }) => [storageClassName])

const states = new WeakMap<object, VolumeState>()

/** One for all profiles of a scheduler: what one has decided counts for the others. */
export function volumeState(informers: PluginHandle['informers']): VolumeState {
  let state = states.get(informers)
  if (!state) states.set(informers, (state = stateOf(informers)))
  return state
}

function stateOf(informers: PluginHandle['informers']): VolumeState {
  const [knownClaims, knownVolumes] = [informers.of(PersistentVolumeClaim), informers.of(PersistentVolume)]
  const [classes, drivers] = [informers.of(StorageClass), informers.of(CSIDriver)]
  const capacities = informers.of(CSIStorageCapacity)
  const claims = new AssumedObjects(knownClaims)
  const volumes = new AssumedObjects(knownVolumes)
  return {
    claims,
    volumes,
    candidates(claim) {
      const { namespace = '', name = '' } = claim.metadata
      const keys = [`claim ${namespace}/${name}`, `class ${classOf(claim)}`]
      return keys.flatMap(key =>
        knownVolumes.by(volumesByTaker, key).flatMap(({ metadata }) => volumes.get(metadata) ?? []),
      )
    },
    storageClass: name => classes.get({ name }),
    csiDriver: name => drivers.get({ name }),
    capacitiesOf: className => capacities.by(capacitiesByClass, className),
    onChange: listener => listenTo<PersistentVolume | PersistentVolumeClaim>([knownClaims, knownVolumes], listener),
  }
}
