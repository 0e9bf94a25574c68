import type { EventRecorder } from '../../client/events.js'
import { apiVersionOf } from '../../client/owners.js'
import type { OwnerReference } from '../../machinery/meta/index.js'
import type { GraphNode } from './dependency-graph.js'

const remembered = 10_000

/** Tells, once each, of owner references that can never be right: the owner would be in another namespace. */
export class InvalidOwners {
  readonly #told = new Set<string>()

  constructor(private readonly events: EventRecorder | undefined) {}

  report({ kind, metadata }: GraphNode, { apiVersion, kind: ownerKind, name, uid }: OwnerReference): void {
    const key = `${metadata.uid} ${uid}`
    if (!this.events || this.#told.has(key)) return
    if (this.#told.size >= remembered) this.#told.clear()
    this.#told.add(key)
    const { namespace = '' } = metadata
    this.events.record(
      { apiVersion: apiVersionOf(kind.gvk), kind: kind.gvk.kind, metadata },
      'Warning',
      'OwnerRefInvalidNamespace',
      `ownerRef [${apiVersion}/${ownerKind}, namespace: ${namespace}, name: ${name}, uid: ${uid}] does not exist in namespace "${namespace}"`,
    )
  }
}
