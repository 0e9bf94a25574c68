import type { AnyKind } from '../../client/controller.js'
import { groupOf } from '../../client/owners.js'
import type { ObjectMeta, OwnerReference } from '../../machinery/meta/index.js'
import { awaitsDependents, orphansDependents } from './deletion-state.js'

/** An object as it was last seen. */
export interface GraphNode {
  readonly kind: AnyKind
  readonly metadata: ObjectMeta
}

/** What a change gives reason to look at. */
export interface Looks {
  /** Objects that may have to go, or to be let go. */
  readonly objects: Iterable<string>
  /** Owners that are referred to and have not been seen. */
  readonly owners: Iterable<string>
}

/** Who owns whom, by uid. It knows what it was told and decides nothing. */
export class DependencyGraph {
  readonly #nodes = new Map<string, GraphNode>()
  readonly #dependents = new Map<string, Map<string, GraphNode>>()

  get(uid: string): GraphNode | undefined {
    return this.#nodes.get(uid)
  }

  get size(): number {
    return this.#nodes.size
  }

  /** Objects that refer to this uid as an owner, whether or not it has been seen. */
  dependentsOf(uid: string): readonly GraphNode[] {
    const found = this.#dependents.get(uid)
    return found ? [...found.values()] : []
  }

  /** Whether nothing refers to this uid as an owner. */
  isLeaf(uid: string): boolean {
    return !this.#dependents.has(uid)
  }

  /** Takes in a new or changed object. */
  put(node: GraphNode): Looks {
    const { uid } = node.metadata
    if (!uid) return nothing
    const old = this.#nodes.get(uid)
    this.#nodes.set(uid, node)
    const objects = new Set<string>()
    const owners = new Set<string>()
    this.#link(uid, node, old, objects, owners)
    const waits = awaitsDependents(node.metadata) && !(old && awaitsDependents(old.metadata))
    const orphans = orphansDependents(node.metadata) && !(old && orphansDependents(old.metadata))
    if (waits || orphans) objects.add(uid)
    if (waits || !old)
      for (const [dependent, { metadata, kind }] of this.#dependents.get(uid) ?? [])
        if (
          waits ||
          !(metadata.ownerReferences ?? []).every(
            owner => owner.uid !== uid || refersTo(owner, { metadata, kind }, node),
          )
        )
          objects.add(dependent)
    return { objects, owners }
  }

  /** The object was deleted. */
  remove(uid: string): Looks {
    const node = this.#nodes.get(uid)
    if (!node) return nothing
    const objects = new Set<string>(this.#dependents.get(uid)?.keys() ?? [])
    this.#nodes.delete(uid)
    for (const owner of node.metadata.ownerReferences ?? []) {
      this.#unlink(owner.uid, uid)
      if (this.#awaitsDependents(owner.uid)) objects.add(owner.uid)
    }
    return { objects, owners: [] }
  }

  /** The object is not followed any more; whether it is there is not known. */
  forget(uid: string): Looks {
    const node = this.#nodes.get(uid)
    if (!node) return nothing
    this.#nodes.delete(uid)
    for (const owner of node.metadata.ownerReferences ?? []) this.#unlink(owner.uid, uid)
    return { objects: [], owners: this.#dependents.has(uid) ? [uid] : [] }
  }

  #link(uid: string, node: GraphNode, old: GraphNode | undefined, objects: Set<string>, owners: Set<string>): void {
    const now = node.metadata.ownerReferences ?? []
    const before = old?.metadata.ownerReferences ?? []
    for (const owner of now) {
      const dependents = this.#dependents.get(owner.uid)
      if (dependents) dependents.set(uid, node)
      else this.#dependents.set(owner.uid, new Map([[uid, node]]))
    }
    // Most changes are about something else.
    if (now === before || (now.length === before.length && now.every((owner, i) => sameOwner(owner, before[i])))) return
    for (const owner of now) {
      const seen = this.#nodes.get(owner.uid)
      if (!seen) owners.add(owner.uid)
      else if (!refersTo(owner, node, seen) || awaitsDependents(seen.metadata)) objects.add(uid)
    }
    for (const owner of before) {
      const kept = now.filter(candidate => candidate.uid === owner.uid)
      if (kept.length === 0) this.#unlink(owner.uid, uid)
      if (!kept.some(({ blockOwnerDeletion }) => blockOwnerDeletion) && this.#awaitsDependents(owner.uid))
        objects.add(owner.uid)
    }
  }

  #unlink(owner: string, dependent: string): void {
    const dependents = this.#dependents.get(owner)
    dependents?.delete(dependent)
    if (dependents?.size === 0) this.#dependents.delete(owner)
  }

  #awaitsDependents(uid: string): boolean {
    const node = this.#nodes.get(uid)
    return node !== undefined && awaitsDependents(node.metadata)
  }
}

const nothing: Looks = { objects: [], owners: [] }

const sameOwner = (a: OwnerReference, b: OwnerReference | undefined): boolean =>
  b !== undefined &&
  a.uid === b.uid &&
  a.name === b.name &&
  a.kind === b.kind &&
  a.apiVersion === b.apiVersion &&
  (a.blockOwnerDeletion ?? false) === (b.blockOwnerDeletion ?? false)

/**
 * Whether a dependent's reference names the object that has its uid: of that group, kind and name, and in the
 * dependent's namespace or in none.
 */
export function refersTo(reference: OwnerReference, dependent: GraphNode, { kind, metadata }: GraphNode): boolean {
  return (
    reference.uid === metadata.uid &&
    reference.name === metadata.name &&
    reference.kind === kind.gvk.kind &&
    groupOf(reference.apiVersion) === kind.gvk.group &&
    (!metadata.namespace || metadata.namespace === dependent.metadata.namespace)
  )
}

/** Whether the dependent keeps its owner, deleted in the foreground, from going. */
export const blocks = ({ metadata }: GraphNode, owner: string): boolean =>
  (metadata.ownerReferences ?? []).some(({ uid, blockOwnerDeletion }) => uid === owner && blockOwnerDeletion)
