import { IPAddress } from '../../api/networking/v1/index.js'
import { canonicalIp } from '../../machinery/ip-address.js'
import type { ApiObject } from '../../machinery/object.js'
import { isNotFound } from '../../machinery/status-error.js'
import type { Draft } from '../../schema/index.js'
import type { Registries } from '../registry/registries.js'
import type { WriteContext } from '../registry/write.js'
import type { IpFamily } from './networks.js'

const asServer: WriteContext = {
  user: { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] },
  fieldManager: 'kube-apiserver',
  dryRun: false,
  warn: () => {},
}

/**
 * The IPAddress objects that say which service has which address. Whoever creates one has the address: that holds among
 * several servers, too.
 */
export class AddressObjects {
  constructor(private readonly registries: Registries) {}

  /** Whether anybody has the address. */
  has(address: string): boolean {
    return this.registries.of(IPAddress).cache.get(canonicalIp(address)) !== undefined
  }

  /** Throws AlreadyExists if somebody has it. */
  async claim(address: string, family: IpFamily, { namespace = '', name = '' }: ApiObject['metadata']): Promise<void> {
    const draft: Draft<IPAddress> = {
      kind: IPAddress.gvk.kind,
      apiVersion: 'networking.k8s.io/v1',
      metadata: {
        name: canonicalIp(address),
        labels: {
          'ipaddress.kubernetes.io/ip-family': family,
          'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
        },
      },
      spec: { parentRef: { resource: 'services', namespace, name } },
    }
    await this.registries.of(IPAddress).create('', draft, asServer)
  }

  /** Gives an address back that belongs to this service; one of somebody else is left alone. */
  async release(address: string, { namespace, name }: ApiObject['metadata']): Promise<void> {
    const key = canonicalIp(address)
    const parent = this.registries.of(IPAddress).cache.get(key)?.object.spec.parentRef
    if (parent?.resource !== 'services' || parent.namespace !== namespace || (parent.name ?? '') !== (name ?? ''))
      return
    try {
      await this.registries.of(IPAddress).delete('', key, {}, asServer)
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }
}
