import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Draft } from '../../../schema/index.js'
import type { EndpointSlice } from './endpoint-slice.js'
import { endpointSlices } from './endpoint-slices.js'

const { prepareForCreate, prepareForUpdate, warnings } = endpointSlices.strategy
const slice = (addressType: string, ...addresses: readonly string[]) =>
  ({
    metadata: { generation: 1 },
    addressType,
    endpoints: [{ addresses, conditions: {}, deprecatedTopology: { a: 'b' } }],
  }) as unknown as Draft<EndpointSlice>
const topology = ({ endpoints }: EndpointSlice) => endpoints?.map(({ deprecatedTopology }) => deprecatedTopology)

describe('endpoint slices', () => {
  it('take up no topology of the old form', () => {
    const draft = slice('IPv4', '10.0.0.1')
    prepareForCreate?.(draft, {} as never)
    assert.deepEqual(topology(draft), [undefined])
    const changed = slice('IPv4', '10.0.0.2')
    prepareForUpdate?.(changed, slice('IPv4', '10.0.0.1'), {} as never)
    assert.deepEqual(topology(changed), [undefined])
  })

  it('keep what they have of it while their endpoints stay', () => {
    const draft = slice('IPv4', '10.0.0.1')
    prepareForUpdate?.(draft, slice('IPv4', '10.0.0.1'), {} as never)
    assert.deepEqual(topology(draft), [{ a: 'b' }])
  })

  it('of names are told to be outdated, once', () => {
    const named = slice('FQDN', 'a.example.com')
    assert.deepEqual(warnings?.(named, undefined), ['spec.addressType: FQDN endpoints are deprecated'])
    assert.deepEqual(warnings?.(named, named), [])
  })
})
