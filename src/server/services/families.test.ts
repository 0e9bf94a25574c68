import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Service } from '../../api/core/v1/index.js'
import type { Draft } from '../../schema/index.js'
import { settleFamilies } from './families.js'
import type { IpFamily } from './networks.js'

type Spec = Partial<Draft<Service['spec']>>

const serviceOf = (spec: Spec): Draft<Service> => ({
  metadata: { name: 's' },
  spec: { type: 'ClusterIP', selector: { a: 'b' }, ...spec },
  status: { loadBalancer: {} },
})

const single: readonly IpFamily[] = ['IPv4']
const dual: readonly IpFamily[] = ['IPv4', 'IPv6']

/** What is asked, what the cluster has, and the policy and families that come of it, or what is told. */
const cases: readonly (readonly [string, Spec, readonly IpFamily[], string | readonly [string, ...string[]]])[] = [
  ['nothing', {}, single, ['SingleStack', 'IPv4']],
  ['nothing of a dual-stack cluster', {}, dual, ['SingleStack', 'IPv4']],
  ['both if there are', { ipFamilyPolicy: 'PreferDualStack' }, single, ['PreferDualStack', 'IPv4']],
  ['both where there are', { ipFamilyPolicy: 'PreferDualStack' }, dual, ['PreferDualStack', 'IPv4', 'IPv6']],
  [
    'both, the other one first',
    { ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv6'] },
    dual,
    ['RequireDualStack', 'IPv6', 'IPv4'],
  ],
  [
    'both of a single-stack cluster',
    { ipFamilyPolicy: 'RequireDualStack' },
    single,
    'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services',
  ],
  [
    'a family the cluster has not',
    { ipFamilies: ['IPv6'] },
    single,
    'spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster',
  ],
  [
    'two families but no policy',
    { ipFamilies: ['IPv4', 'IPv6'] },
    dual,
    "spec.ipFamilyPolicy: Invalid value: \"SingleStack\": must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified",
  ],
  ['an address of a family', { clusterIP: 'fd00::1', clusterIPs: ['fd00::1'] }, dual, ['SingleStack', 'IPv6']],
  [
    'an address of a family the cluster has not',
    { clusterIP: 'fd00::1', clusterIPs: ['fd00::1'] },
    single,
    'spec.clusterIPs[0]: Invalid value: ["fd00::1"]: IPv6 is not configured on this cluster',
  ],
  [
    'no address and no pods',
    { clusterIP: 'None', clusterIPs: ['None'], selector: {} },
    single,
    ['RequireDualStack', 'IPv4', 'IPv6'],
  ],
  ['no address', { clusterIP: 'None', clusterIPs: ['None'] }, single, ['SingleStack', 'IPv4']],
]

describe('families of a new service', () => {
  for (const [what, spec, configured, expected] of cases)
    it(`that asks for ${what}`, () => {
      const service = serviceOf(spec)
      const [error] = settleFamilies(service, undefined, configured)
      const { ipFamilyPolicy, ipFamilies } = service.spec
      assert.deepEqual(error ? `${error.field}: ${error.message}` : [ipFamilyPolicy, ...(ipFamilies ?? [])], expected)
    })
})

describe('families of a service that changes', () => {
  const both = { clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1', 'fd00::1'], ipFamilies: ['IPv4', 'IPv6'] }
  const old = serviceOf({ ...both, ipFamilyPolicy: 'RequireDualStack' }) as Service

  it('are those it had, if it says nothing', () => {
    const service = serviceOf({ ...both })
    assert.deepEqual(settleFamilies(service, old, dual), [])
    assert.equal(service.spec.ipFamilyPolicy, 'RequireDualStack')
  })

  it('go back to one by the policy alone', () => {
    const service = serviceOf({ ...both, ipFamilyPolicy: 'SingleStack' })
    assert.deepEqual(settleFamilies(service, old, dual), [])
    assert.deepEqual([service.spec.clusterIPs, service.spec.ipFamilies], [['10.0.0.1'], ['IPv4']])
  })

  it('do not go back to one without it', () => {
    const service = serviceOf({ ...both, clusterIPs: ['10.0.0.1'], ipFamilyPolicy: 'RequireDualStack' })
    assert.deepEqual(
      settleFamilies(service, old, dual).map(({ message }) => message),
      ['Invalid value: "RequireDualStack": must be \'SingleStack\' to release the secondary cluster IP'],
    )
  })
})
