import type { PersistentVolume, Pod } from '../../../api/core/v1/index.js'
import type { ResourceSlice } from '../../../api/resource/v1/index.js'
import type { VolumeAttachment } from '../../../api/storage/v1/index.js'
import { keyOf } from '../../../machinery/object.js'
import { podReferences, type ReferencedKind } from './pod-references.js'
import { claimOf, volumeSecrets } from './volume-references.js'

/** A pod on a node, as it was last taken in. */
interface Placed {
  readonly node: string
  readonly uid: string
  readonly references: readonly string[]
}

/** A volume, as it was last taken in. */
interface KnownVolume {
  /** The key of its claim. */
  readonly claim: string
  readonly secrets: readonly string[]
}

/**
 * What each node has to do with which objects: through the pods that are bound to it, the volumes of their claims, and
 * what names it. It follows one change at a time; a question is a few look-ups.
 */
export class NodeGraph {
  readonly #pods = new Map<string, Placed>()
  /** For each object, on how many pods of which node it is used. */
  readonly #users = new Map<string, Map<string, number>>()
  readonly #volumes = new Map<string, KnownVolume>()
  /** For each secret, the volumes that name it. */
  readonly #volumesOfSecret = new Map<string, Set<string>>()
  readonly #attachments = new Map<string, string>()
  readonly #slices = new Map<string, string>()

  setPod(pod: Pod): void {
    const key = keyOf(pod.metadata)
    const node = pod.spec.nodeName
    const namespace = pod.metadata.namespace ?? ''
    const before = this.#pods.get(key)
    if (!node) {
      if (before) this.#drop(key, before)
      return
    }
    const references = [...podReferences(pod)].map(reference => `${namespace}/${reference}`)
    const uid = pod.metadata.uid ?? ''
    if (before && before.node === node && before.uid === uid && sameWords(before.references, references)) return
    if (before) this.#drop(key, before)
    this.#pods.set(key, { node, uid, references })
    for (const reference of references) {
      let nodes = this.#users.get(reference)
      if (!nodes) this.#users.set(reference, (nodes = new Map()))
      nodes.set(node, (nodes.get(node) ?? 0) + 1)
    }
  }

  deletePod({ metadata }: Pod): void {
    const key = keyOf(metadata)
    const before = this.#pods.get(key)
    if (before) this.#drop(key, before)
  }

  setVolume(volume: PersistentVolume): void {
    this.deleteVolume(volume)
    const claim = claimOf(volume)
    if (!claim) return
    const name = keyOf(volume.metadata)
    const secrets = volumeSecrets(volume, claim.namespace).map(({ namespace, name }) => `${namespace}/Secret/${name}`)
    this.#volumes.set(name, { claim: `${claim.namespace}/PersistentVolumeClaim/${claim.name}`, secrets })
    for (const secret of secrets) {
      const volumes = this.#volumesOfSecret.get(secret)
      if (volumes) volumes.add(name)
      else this.#volumesOfSecret.set(secret, new Set([name]))
    }
  }

  deleteVolume({ metadata }: PersistentVolume): void {
    const name = keyOf(metadata)
    const before = this.#volumes.get(name)
    if (!before) return
    this.#volumes.delete(name)
    for (const secret of before.secrets) {
      const volumes = this.#volumesOfSecret.get(secret)
      if (volumes?.delete(name) && volumes.size === 0) this.#volumesOfSecret.delete(secret)
    }
  }

  setAttachment({ metadata, spec }: VolumeAttachment): void {
    this.#attachments.set(keyOf(metadata), spec.nodeName)
  }

  deleteAttachment({ metadata }: VolumeAttachment): void {
    this.#attachments.delete(keyOf(metadata))
  }

  setSlice({ metadata, spec }: ResourceSlice): void {
    if (spec.nodeName) this.#slices.set(keyOf(metadata), spec.nodeName)
    else this.#slices.delete(keyOf(metadata))
  }

  deleteSlice({ metadata }: ResourceSlice): void {
    this.#slices.delete(keyOf(metadata))
  }

  /** Whether a pod of the node uses an object, be it as the secret of a volume. */
  uses(node: string, kind: ReferencedKind, namespace: string, name: string): boolean {
    const key = `${namespace}/${kind}/${name}`
    if (this.#users.get(key)?.has(node)) return true
    if (kind === 'Secret')
      for (const volume of this.#volumesOfSecret.get(key) ?? []) if (this.usesVolume(node, volume)) return true
    return false
  }

  usesVolume(node: string, name: string): boolean {
    const volume = this.#volumes.get(name)
    return volume !== undefined && (this.#users.get(volume.claim)?.has(node) ?? false)
  }

  runsPod(node: string, namespace: string, name: string): boolean {
    return this.#pods.get(keyOf({ namespace, name }))?.node === node
  }

  isAttached(node: string, attachment: string): boolean {
    return this.#attachments.get(attachment) === node
  }

  hasSlice(node: string, slice: string): boolean {
    return this.#slices.get(slice) === node
  }

  #drop(key: string, { node, references }: Placed): void {
    this.#pods.delete(key)
    for (const reference of references) {
      const nodes = this.#users.get(reference)
      const left = (nodes?.get(node) ?? 0) - 1
      if (left > 0) nodes?.set(node, left)
      else {
        nodes?.delete(node)
        if (nodes?.size === 0) this.#users.delete(reference)
      }
    }
  }
}

const sameWords = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((word, i) => word === other[i])
