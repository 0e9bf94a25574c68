import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  boolean,
  embedded,
  int32,
  keyed,
  kind,
  list,
  map,
  message,
  optional,
  pointer,
  required,
  string,
} from '../../schema/declare.js'
import { ObjectMeta } from '../meta/object-meta.js'
import type { ManagedFieldsEntry } from './entries.js'
import { fieldsAt } from './managed-object.js'
import { type ManagedUpdate, updateManagedFields } from './update.js'

const port = message('k8s.io.test.Port', {
  port: required(1, int32),
  protocol: optional(2, string, { default: 'TCP' }),
  name: optional(3, string),
})
const container = message('k8s.io.test.Container', {
  name: required(1, string),
  image: optional(2, string),
  args: optional(3, list(string)),
  ports: optional(4, keyed(port, ['port', 'protocol'])),
  tty: optional(5, boolean),
})
const spec = message('k8s.io.test.Spec', {
  containers: required(1, keyed(container, ['name'])),
  selector: optional(2, map(string, { atomic: true })),
  limits: optional(3, map(string)),
  affinity: pointer(4, message('k8s.io.test.Affinity', { zone: optional(1, string) })),
})
const status = message('k8s.io.test.Status', { phase: optional(1, string) })
const thing = kind(
  'k8s.io.test.Thing',
  { group: '', version: 'v1', plural: 'things', namespaced: true },
  { metadata: embedded(1, ObjectMeta), spec: embedded(2, spec), status: embedded(3, status) },
)

interface Thing {
  metadata: Record<string, unknown>
  spec: Record<string, unknown>
  status: Record<string, unknown>
}

const web: Thing = {
  metadata: { name: 'web', uid: 'u', resourceVersion: '1', labels: { a: '1' }, finalizers: ['x/y'] },
  spec: {
    containers: [{ name: 'c', image: 'a:1', ports: [{ port: 80, protocol: 'TCP' }] }],
    selector: { a: '1' },
    limits: { cpu: '1' },
    affinity: {},
  },
  status: {},
}

const entry = (manager: string, fieldsV1: object, more: Partial<ManagedFieldsEntry> = {}): ManagedFieldsEntry => ({
  manager,
  operation: 'Update',
  apiVersion: 'v1',
  time: 't1',
  fieldsType: 'FieldsV1',
  fieldsV1: fieldsV1 as NonNullable<ManagedFieldsEntry['fieldsV1']>,
  ...more,
})

const withManaged = (object: Thing, managedFields: readonly ManagedFieldsEntry[]): Thing => ({
  ...object,
  metadata: { ...object.metadata, managedFields },
})

const update = (before: Thing | undefined, after: Thing, more: Partial<ManagedUpdate> = {}) =>
  updateManagedFields({ schema: thing, apiVersion: 'v1', before, after, manager: 'me', time: 't2', ...more })

const limitsOf = (entry: ManagedFieldsEntry | undefined): object => {
  const fields = entry?.fieldsV1 as { 'f:spec'?: { 'f:limits'?: object } } | undefined
  return fields?.['f:spec']?.['f:limits'] ?? assert.fail('no limits')
}

describe('create', () => {
  it('owns all that is not there in an empty object', () => {
    assert.deepEqual(update(undefined, web), [
      entry(
        'me',
        {
          'f:metadata': { 'f:finalizers': { '.': {}, 'v:"x/y"': {} }, 'f:labels': { '.': {}, 'f:a': {} } },
          'f:spec': {
            'f:affinity': {},
            'f:containers': {
              'k:{"name":"c"}': {
                '.': {},
                'f:image': {},
                'f:name': {},
                'f:ports': { '.': {}, 'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:port': {}, 'f:protocol': {} } },
              },
            },
            'f:limits': { '.': {}, 'f:cpu': {} },
            'f:selector': {},
          },
        },
        { time: 't2' },
      ),
    ])
  })

  it('leaves out what the way of writing resets', () => {
    const after = { ...web, status: { phase: 'Running' } }
    assert.deepEqual(update(undefined, after, { resetFields: fieldsAt('status') }), update(undefined, web))
  })
})

it("a part that a way of writing never changes is nobody's, whether it is sent as it was, otherwise, or not at all", () => {
  const created = update(undefined, web, { manager: 'creator', time: 't1' })
  const before = withManaged(web, created)
  const how = { manager: 'status', time: 't2', subresource: 'status', resetFields: fieldsAt('spec') }
  const of = (spec: object | undefined) =>
    update(before, { ...before, spec, status: { phase: 'Running' } } as Thing, how)
  const expected = of(web.spec)
  assert.deepEqual(
    expected.map(({ manager, fieldsV1 }) => [manager, manager === 'status' ? fieldsV1 : 'as before']),
    [
      ['creator', 'as before'],
      ['status', { 'f:status': { 'f:phase': {} } }],
    ],
  )
  assert.deepEqual(expected[0], created[0])
  for (const spec of [structuredClone(web.spec), { containers: [] }, undefined]) assert.deepEqual(of(spec), expected)
})

describe('update', () => {
  const created = update(undefined, web, { manager: 'creator', time: 't1' })
  const before = withManaged(web, created)
  const change = (spec: object, metadata: object = {}): Thing => ({
    ...web,
    metadata: { ...web.metadata, ...metadata },
    spec: { ...web.spec, ...spec },
  })

  it('changes nothing if nothing changes', () => {
    assert.equal(update(before, structuredClone(web)), created)
    assert.equal(update(before, change({}, { resourceVersion: '2', generation: 5 })), created)
  })

  it('moves what changed to the writer', () => {
    const after = change({ containers: [{ name: 'c', image: 'a:2', ports: [{ port: 80, protocol: 'TCP' }] }] })
    const [first, second] = update(before, after)
    assert.equal(first?.manager, 'creator')
    assert.equal(first?.time, 't1')
    assert.equal(JSON.stringify(first?.fieldsV1).includes('f:image'), false)
    assert.deepEqual(
      second,
      entry('me', { 'f:spec': { 'f:containers': { 'k:{"name":"c"}': { 'f:image': {} } } } }, { time: 't2' }),
    )
  })

  it('takes what is gone from everyone', () => {
    const { limits: _, ...rest } = web.spec
    const [only, ...others] = update(before, { ...web, spec: rest })
    assert.deepEqual(others, [])
    assert.equal(only?.time, 't1')
    assert.equal(JSON.stringify(only?.fieldsV1).includes('f:limits'), false)
  })

  it('leaves the rest of an entry that loses a part', () => {
    const entries = [
      entry('a', { 'f:spec': { 'f:limits': { '.': {}, 'f:cpu': {} } } }),
      entry('b', { 'f:spec': { 'f:affinity': {} } }),
    ]
    const result = update(withManaged(web, entries), change({ limits: { memory: '1' } }))
    assert.deepEqual(result, [
      entry('a', { 'f:spec': { 'f:limits': {} } }),
      entry('b', { 'f:spec': { 'f:affinity': {} } }),
      entry('me', { 'f:spec': { 'f:limits': { 'f:memory': {} } } }, { time: 't2' }),
    ])
    assert.equal(result[1], entries[1])
  })

  it('adds to the writer of before', () => {
    const [only] = update(before, change({ limits: { cpu: '1', memory: '1' } }), { manager: 'creator' })
    assert.equal(only?.time, 't2')
    assert.deepEqual(limitsOf(only), { '.': {}, 'f:cpu': {}, 'f:memory': {} })
  })

  it('tells subresources and operations apart', () => {
    const entries = [entry('me', { 'f:spec': { 'f:affinity': {} } }, { operation: 'Apply' })]
    const after = { ...web, status: { phase: 'Running' } }
    assert.deepEqual(update(withManaged(web, entries), after, { subresource: 'status' }), [
      ...entries,
      entry('me', { 'f:status': { 'f:phase': {} } }, { time: 't2', subresource: 'status' }),
    ])
  })

  it('pairs items of keyed lists in any order', () => {
    const two = change({
      containers: [
        { name: 'c', image: 'a:1' },
        { name: 'd', image: 'b:1' },
      ],
    })
    const turned = change({
      containers: [
        { name: 'd', image: 'b:1' },
        { name: 'c', image: 'a:1' },
      ],
    })
    const entries = update(undefined, two)
    assert.equal(update(withManaged(two, entries), turned), entries)
  })

  it('survives items that cannot be told apart', () => {
    const twice = change({
      containers: [
        { name: 'c', image: 'a:1' },
        { name: 'c', image: 'a:2' },
      ],
    })
    const [, mine] = update(before, twice)
    assert.deepEqual(mine, entry('me', { 'f:spec': { 'f:containers': { 'k:{"name":"c"}': {} } } }, { time: 't2' }))
  })
})

describe('managed fields that clients send', () => {
  const entries = [entry('a', { 'f:spec': { 'f:affinity': {} } })]
  const before = withManaged(web, entries)

  it('are dropped by a single empty entry', () => assert.deepEqual(update(before, web, { managedFields: [{}] }), []))

  it('stay if there are none', () => {
    assert.equal(update(before, web, { managedFields: [] }), entries)
    assert.equal(update(before, web, { managedFields: undefined }), entries)
  })

  it('stay if they are unfit', () => {
    for (const wrong of [
      entry('x', { y: 1 }),
      entry('x', {}, { operation: 'Watch' }),
      entry('x', {}, { fieldsType: 'V2' }),
    ]) {
      assert.equal(update(before, web, { managedFields: [wrong] }), entries)
    }
  })

  it('are taken if they are fit', () => {
    const sent = [entry('b', { 'f:spec': { 'f:affinity': {} } })]
    assert.equal(update(before, web, { managedFields: sent }), sent)
  })

  it('are not begun on an object without', () => assert.deepEqual(update(web, { ...web, status: { phase: 'x' } }), []))
})

it('keeps ten updaters and puts the oldest together', () => {
  let object = withManaged(web, [entry('applier', { 'f:spec': { 'f:affinity': {} } }, { operation: 'Apply' })])
  for (let index = 0; index < 14; index++) {
    const after = {
      ...object,
      spec: { ...object.spec, limits: { ...(object.spec['limits'] as object), [`l${index}`]: '1' } },
    }
    const time = `t${String(index).padStart(2, '0')}`
    const managed = update(object, after, {
      manager: `m${index}`,
      time,
      managedFields: object.metadata['managedFields'] as [],
    })
    object = withManaged(after, managed)
  }
  const managed = object.metadata['managedFields'] as ManagedFieldsEntry[]
  assert.deepEqual(
    managed.map(({ manager }) => manager),
    ['applier', 'ancient-changes', 'm5', 'm6', 'm7', 'm8', 'm9', 'm10', 'm11', 'm12', 'm13'],
  )
  assert.equal(managed[1]?.time, 't04')
  assert.deepEqual(Object.keys(limitsOf(managed[1])), ['f:l0', 'f:l1', 'f:l2', 'f:l3', 'f:l4'])
})

describe('objects of which nothing is known', () => {
  it('own maps field by field and lists as a whole', () => {
    const after = {
      apiVersion: 'x/v1',
      kind: 'X',
      metadata: { name: 'a' },
      spec: { a: { b: 1 }, l: [{ name: 'c' }], e: {} },
    }
    const [only] = update(undefined, after as unknown as Thing, { schema: undefined })
    assert.deepEqual(only?.fieldsV1, { 'f:spec': { '.': {}, 'f:a': { '.': {}, 'f:b': {} }, 'f:e': {}, 'f:l': {} } })
  })

  it('follow a value that changes its nature', () => {
    const [before, after] = [{ x: { a: 1 } }, { x: 5 }] as unknown as [Thing, Thing]
    const entries = [entry('a', { 'f:x': { '.': {}, 'f:a': {} } })]
    const result = updateManagedFields({
      schema: undefined,
      apiVersion: 'v1',
      before: { ...before, metadata: { managedFields: entries } },
      after: { ...after, metadata: {} },
      manager: 'me',
      time: 't2',
    })
    assert.deepEqual(result, [entry('me', { 'f:x': {} }, { time: 't2' })])
  })
})

it('gives every field one updater at most', () => {
  const object = fc
    .record({
      limits: fc.dictionary(fc.constantFrom('a', 'b', 'constructor'), fc.constantFrom('1', '2')),
      selector: fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom('1', '2')),
      containers: fc.uniqueArray(
        fc.record({ name: fc.constantFrom('c', 'd'), image: fc.constantFrom('1', '2') }, { requiredKeys: ['name'] }),
        { selector: item => item.name },
      ),
    })
    .map(spec => ({ metadata: { name: 'x' }, spec, status: {} }))
  const step = fc.record({ object, manager: fc.constantFrom('m', 'n', 'o') })
  const leaves = (set: object, path = ''): string[] =>
    Object.entries(set).flatMap(([element, child]: [string, object]) =>
      element === '.' || Object.keys(child).length === 0 ? [`${path} ${element}`] : leaves(child, `${path} ${element}`),
    )
  fc.assert(
    fc.property(fc.array(step, { minLength: 2, maxLength: 6 }), steps => {
      let before: Thing | undefined
      for (const { object: after, manager } of steps) {
        const managed = update(before, after, { manager })
        const owned = managed.flatMap(({ fieldsV1 }) => leaves(fieldsV1 ?? {}))
        assert.equal(new Set(owned).size, owned.length)
        before = withManaged(after, managed)
        // Who began without managed fields goes on without.
        if (managed.length === 0) return
      }
    }),
  )
})
