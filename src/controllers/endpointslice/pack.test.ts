import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Endpoint, EndpointSlice } from '../../api/discovery/v1/index.js'
import { type Packing, pack } from './pack.js'

const ports = [{ name: 'http', port: 80, protocol: 'TCP' }]
const other = [{ name: 'http', port: 81, protocol: 'TCP' }]

const endpoint = (name: string, ready = true): Endpoint => ({
  addresses: [name],
  conditions: { ready },
  targetRef: { uid: name },
})

/** `a!` is endpoint a, not ready. */
const endpoints = (names: string): Endpoint[] =>
  names.split('').reduce<Endpoint[]>((all, c) => {
    if (c !== '!') all.push(endpoint(c))
    else all.push(endpoint(all.pop()?.addresses[0] ?? '', false))
    return all
  }, [])

const slice = (name: string, held: string, its = ports): EndpointSlice => ({
  metadata: { name },
  addressType: 'IPv4',
  endpoints: endpoints(held),
  ports: its,
})

const spell = (held: readonly Endpoint[]): string =>
  held.map(({ addresses, conditions }) => `${addresses[0]}${conditions.ready ? '' : '!'}`).join('')

const told = ({ create, update, keep, remove }: Packing) => ({
  create: create.map(one => spell(one.endpoints)),
  update: Object.fromEntries(update.map(one => [one.slice.metadata.name, spell(one.endpoints)])),
  keep: keep.map(({ metadata }) => metadata.name),
  remove: remove.map(({ metadata }) => metadata.name),
})

describe('packing endpoints into slices of 3', () => {
  const table: [string, string, EndpointSlice[], Partial<ReturnType<typeof told>>][] = [
    ['the first ones', 'ab', [], { create: ['ab'] }],
    ['as many slices as it takes', 'abcdefg', [], { create: ['abc', 'def', 'g'] }],
    ['nothing to do', 'abcd', [slice('1', 'abc'), slice('2', 'd')], { keep: ['1', '2'] }],
    ['whatever order they are held in', 'cba', [slice('1', 'abc')], { keep: ['1'] }],
    ['a changed one stays where it is', 'ab!', [slice('1', 'ab')], { update: { 1: 'ab!' } }],
    ['one leaves', 'abd', [slice('1', 'abc'), slice('2', 'd')], { update: { 1: 'ab' }, keep: ['2'] }],
    ['the last of a slice leaves', 'abc', [slice('1', 'abc'), slice('2', 'd')], { keep: ['1'], remove: ['2'] }],
    [
      'new ones fill slices that change anyway',
      'abxd',
      [slice('1', 'abc'), slice('2', 'd')],
      { update: { 1: 'abx' }, keep: ['2'] },
    ],
    [
      'or else the fullest one with room for them all',
      'abcdefx',
      [slice('1', 'abc'), slice('2', 'd'), slice('3', 'ef')],
      { keep: ['1', '2'], update: { 3: 'efx' } },
    ],
    [
      'or else a new slice, rather than two changed ones',
      'abcdxyz',
      [slice('1', 'ab'), slice('2', 'cd')],
      { keep: ['1', '2'], create: ['xyz'] },
    ],
    ['an overfull slice is cut', 'abcd', [slice('1', 'abcd')], { update: { 1: 'abc' }, create: ['d'] }],
    ['one that is held twice is held once', 'ab', [slice('1', 'ab'), slice('2', 'a')], { keep: ['1'], remove: ['2'] }],
    ['slices with other ports go', 'ab', [slice('1', 'ab', other)], { create: ['ab'], remove: ['1'] }],
    ['without endpoints there is an empty slice', '', [], { create: [''] }],
    ['and it stays', '', [slice('1', '', [])], { keep: ['1'] }],
    ['and replaces the last one', '', [slice('1', 'a')], { create: [''], remove: ['1'] }],
    ['and goes when there is something', 'a', [slice('1', '', [])], { create: ['a'], remove: ['1'] }],
  ]
  for (const [what, wanted, held, expected] of table)
    test(what, () => {
      const groups = wanted ? [{ ports, endpoints: endpoints(wanted) }] : []
      assert.deepEqual(told(pack(groups, held, { capacity: 3 })), {
        create: [],
        update: {},
        keep: [],
        remove: [],
        ...expected,
      })
    })

  test('none at all, if that is allowed', () => {
    assert.deepEqual(told(pack([], [slice('1', 'a')], { neverNone: false })), {
      create: [],
      update: {},
      keep: [],
      remove: ['1'],
    })
  })

  test('pods with other ports have slices of their own', () => {
    const groups = [
      { ports, endpoints: endpoints('ab') },
      { ports: other, endpoints: endpoints('c') },
    ]
    const packing = pack(groups, [slice('1', 'ab')], { capacity: 3 })
    assert.deepEqual(told(packing), { create: ['c'], update: {}, keep: ['1'], remove: [] })
    assert.deepEqual(packing.create[0]?.ports, other)
  })
})
