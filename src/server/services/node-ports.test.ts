import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Service } from '../../api/core/v1/index.js'
import type { Draft } from '../../schema/index.js'
import { Allotment } from './allocation.js'
import { allocatePorts } from './node-ports.js'
import { Pool } from './pool.js'

type Spec = Partial<Draft<Service['spec']>>

const serviceOf = (spec: Spec): Draft<Service> => ({
  metadata: { name: 's' },
  spec: { type: 'NodePort', ...spec },
  status: { loadBalancer: {} },
})

const port = (port: number, nodePort?: number, protocol = 'TCP') => ({
  port,
  protocol,
  targetPort: port,
  ...(nodePort ? { nodePort } : {}),
})

/** Ports of the old service and of the new one, and the node ports that come of it, or what is told; 30007 is taken. */
const cases: readonly (readonly [string, Spec | undefined, Spec, string | readonly (number | undefined)[]])[] = [
  ['none', undefined, { ports: [port(80)] }, [30000]],
  ['one', undefined, { ports: [port(80, 30005)] }, [30005]],
  [
    'one that is taken',
    undefined,
    { ports: [port(80, 30007)] },
    'Invalid value: 30007: provided port is already allocated',
  ],
  [
    'one out of range',
    undefined,
    { ports: [port(80, 80)] },
    'Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-30009',
  ],
  ['one for two protocols of a port', undefined, { ports: [port(80, 30005), port(80, 30005, 'UDP')] }, [30005, 30005]],
  ['one for the second protocol', undefined, { ports: [port(80, 30005), port(80, undefined, 'UDP')] }, [30005, 30005]],
  [
    'one for two ports',
    undefined,
    { ports: [port(80, 30005), port(81, 30005)] },
    'Invalid value: 30005: provided port is already allocated',
  ],
  [
    'none, of a balancer that wants none',
    undefined,
    { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false, ports: [port(80)] },
    [undefined],
  ],
  ['the one it had', { ports: [port(80, 30007)] }, { ports: [port(80, 30007)] }, [30007]],
  ['another one', { ports: [port(80, 30007)] }, { ports: [port(80, 30003)] }, [30003]],
  ['none, of no such type', undefined, { type: 'ClusterIP', ports: [port(80)] }, [undefined]],
]

describe('node ports of a service', () => {
  for (const [what, before, after, expected] of cases)
    it(`that asks for ${what}`, () => {
      const pool = new Pool(
        { first: 30000, last: 30009 },
        30000,
        number => number === 30007,
        first => first,
      )
      const service = serviceOf(after)
      const old = before && (serviceOf(before) as Service)
      const [error] = allocatePorts(service, old, pool, new Allotment())
      assert.deepEqual(error ? error.message : service.spec.ports?.map(({ nodePort }) => nodePort), expected)
    })

  it('are given back once the write is over', () => {
    const pool = new Pool({ first: 30000, last: 30009 }, 30000, () => false)
    const allotment = new Allotment()
    allocatePorts(serviceOf({ ports: [port(80, 30005)] }), undefined, pool, allotment)
    assert.equal(pool.take(30005), false)
    allotment.release()
    assert.equal(pool.take(30005), true)
  })

  it('have one for health checks where only local endpoints count', () => {
    const pool = new Pool(
      { first: 30000, last: 30009 },
      30000,
      () => false,
      first => first,
    )
    const service = serviceOf({ type: 'LoadBalancer', externalTrafficPolicy: 'Local', ports: [port(80)] })
    assert.deepEqual(allocatePorts(service, undefined, pool, new Allotment()), [])
    assert.equal(service.spec.healthCheckNodePort, 30001)
  })
})
