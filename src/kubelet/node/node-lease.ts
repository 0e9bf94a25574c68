import { Lease } from '../../api/coordination/v1/index.js'
import type { Client } from '../../client/client.js'
import { rfc3339Micro } from '../../machinery/clock.js'
import { isConflict, isNotFound } from '../../machinery/status-error.js'

const namespace = 'kube-node-lease'
const durationSeconds = 40

/** The node's sign of life: one small object, renewed often. */
export class NodeLease {
  #lease: Lease | undefined

  constructor(
    readonly client: Client,
    readonly nodeName: string,
    /** Uid of the Node, so that the lease goes with it. */
    readonly nodeUid: () => string | undefined,
  ) {}

  /** Renews it, and makes it if need be. Throws `StatusError`. */
  async renew(now: number, attempts = 3): Promise<void> {
    const ref = { namespace, name: this.nodeName }
    const spec = {
      holderIdentity: this.nodeName,
      leaseDurationSeconds: durationSeconds,
      renewTime: rfc3339Micro(now),
    }
    try {
      const lease = this.#lease ?? (await this.client.get(Lease, ref))
      const { ownerReferences } = lease.metadata
      const metadata = {
        ...lease.metadata,
        ownerReferences: ownerReferences?.length ? ownerReferences : this.#owners(),
      }
      this.#lease = await this.client.update(Lease, { ...lease, metadata, spec: { ...lease.spec, ...spec } })
    } catch (error) {
      this.#lease = undefined
      // Somebody else wrote to it: the next time sees what.
      if (isConflict(error) && attempts > 1) return this.renew(now, attempts - 1)
      if (!isNotFound(error)) throw error
      const metadata = { ...ref, ownerReferences: this.#owners() }
      this.#lease = await this.client.create(Lease, { metadata, spec })
    }
  }

  #owners() {
    const uid = this.nodeUid()
    return uid ? [{ apiVersion: 'v1', kind: 'Node', name: this.nodeName, uid }] : []
  }
}
