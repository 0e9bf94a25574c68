import { formatCidr, parseIp } from '../../machinery/ip-address.js'
import type { MetricsRegistry } from '../../machinery/metrics/index.js'
import type { AddressPool } from './networks.js'
import type { Pool } from './pool.js'
import type { ServiceUsage } from './usage.js'

/** Whether something was asked for by name, or any would do. */
export type Scope = 'static' | 'dynamic'

export interface AllocatorState {
  readonly pools: () => readonly AddressPool[]
  readonly ports: Pool
  readonly usage: () => ServiceUsage
}

/** How many addresses and node ports services have, and how often they were given, with upstream's names. */
export class AllocatorMetrics {
  readonly #addresses
  readonly #ports

  constructor(metrics: MetricsRegistry, state: AllocatorState) {
    const addresses = 'kube_apiserver_clusterip_allocator'
    const ports = 'kube_apiserver_nodeport_allocator'
    const gauge = (name: string, help: string) => metrics.gauge({ name, help, labels: ['cidr'] })
    const allocated = gauge(`${addresses}_allocated_ips`, 'Addresses that services have.')
    const available = gauge(`${addresses}_available_ips`, 'Addresses that services may still get.')
    const counter = (name: string, help: string) => metrics.counter({ name, help, labels: ['cidr', 'scope'] })
    this.#addresses = {
      given: counter(`${addresses}_allocation_total`, 'Addresses given to services so far.'),
      refused: counter(`${addresses}_allocation_errors_total`, 'Addresses that could not be given to services.'),
    }
    const allocatedPorts = metrics.gauge({
      name: `${ports}_allocated_ports`,
      help: 'Node ports that services have.',
    })
    const availablePorts = metrics.gauge({
      name: `${ports}_available_ports`,
      help: 'Node ports that services may still get.',
    })
    const portCounter = (name: string, help: string) => metrics.counter({ name, help, labels: ['scope'] })
    this.#ports = {
      given: portCounter(`${ports}_allocation_total`, 'Node ports given to services so far.'),
      refused: portCounter(`${ports}_allocation_errors_total`, 'Node ports that could not be given to services.'),
    }
    metrics.collect(() => {
      const usage = state.usage()
      for (const pool of state.pools()) {
        let used = 0
        for (const text of usage.addresses) {
          const address = parseIp(text)
          if (address && pool.offsetOf(address) !== undefined) used++
        }
        const cidr = formatCidr(pool.network)
        allocated.with(cidr).set(used)
        available.with(cidr).set(pool.size - used)
      }
      const { first, last } = state.ports.range
      let used = 0
      for (const port of usage.ports) if (state.ports.has(port)) used++
      allocatedPorts.with().set(used)
      availablePorts.with().set(last - first + 1 - used)
    })
  }

  address(pool: AddressPool, scope: Scope, given: boolean): void {
    const { given: counted, refused } = this.#addresses
    ;(given ? counted : refused).with(formatCidr(pool.network), scope).add()
  }

  port(scope: Scope, given: boolean): void {
    const { given: counted, refused } = this.#ports
    ;(given ? counted : refused).with(scope).add()
  }
}
