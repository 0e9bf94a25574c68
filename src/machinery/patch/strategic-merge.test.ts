import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { int32, keyed, list, map, message, optional, pointer, string } from '../../schema/declare.js'
import { applyStrategicMerge } from './strategic-merge.js'

const env = message('test.Env', { name: optional(1, string), value: optional(2, string) })
const port = message('test.Port', {
  name: optional(1, string),
  containerPort: optional(3, int32),
  protocol: optional(4, string),
})
const container = message('test.Container', {
  name: optional(1, string),
  image: optional(2, string),
  args: optional(4, list(string)),
  ports: optional(6, keyed(port, ['containerPort', 'protocol'], 'containerPort')),
  env: optional(7, keyed(env, ['name'], 'name')),
  limits: optional(8, map(string)),
})
const volume = message('test.Volume', {
  name: optional(1, string),
  emptyDir: pointer(2, message('test.EmptyDir', { medium: optional(1, string) })),
  configMap: pointer(3, message('test.ConfigMap', { name: optional(1, string) })),
})
const spec = message('test.Spec', {
  containers: optional(1, keyed(container, ['name'], 'name')),
  volumes: optional(2, keyed(volume, ['name'], 'name', 'merge,retainKeys')),
  finalizers: optional(3, list(string, { type: 'set', patch: 'merge' })),
  labels: optional(4, map(string)),
  strategy: optional(5, message('test.Strategy', { type: optional(1, string), max: optional(2, int32) }), {
    patch: 'retainKeys',
  }),
  exact: optional(6, message('test.Exact', { a: optional(1, string), b: optional(2, string) }), { patch: 'replace' }),
})

const x = { name: 'X', value: '1' }
const y = { name: 'Y', value: '2' }
const a = { name: 'a', image: 'a:1', args: ['p'], env: [x, y], ports: [{ containerPort: 80, name: 'web' }] }
const b = { name: 'b', image: 'b:1' }
const original = {
  containers: [a, b],
  volumes: [{ name: 'v', emptyDir: {} }],
  finalizers: ['p', 'q'],
  labels: { l: '1' },
}

describe('merging', () => {
  const cases: [string, unknown, object][] = [
    ['by key', { containers: [{ name: 'a', image: 'a:2' }] }, { containers: [{ ...a, image: 'a:2' }, b] }],
    [
      'a later item stays in place',
      { containers: [{ name: 'b', image: 'b:2' }] },
      { containers: [a, { ...b, image: 'b:2' }] },
    ],
    [
      'new items come first',
      { containers: [{ name: 'c', image: 'c:1' }] },
      { containers: [{ name: 'c', image: 'c:1' }, a, b] },
    ],
    ['delete an item', { containers: [{ name: 'b', $patch: 'delete' }] }, { containers: [a] }],
    [
      'nested lists',
      {
        containers: [
          {
            name: 'a',
            env: [
              { name: 'X', $patch: 'delete' },
              { name: 'Z', value: '3' },
            ],
          },
        ],
      },
      { containers: [{ ...a, env: [{ name: 'Z', value: '3' }, y] }, b] },
    ],
    [
      'ports',
      { containers: [{ name: 'a', ports: [{ containerPort: 80, name: 'www' }, { containerPort: 81 }] }] },
      { containers: [{ ...a, ports: [{ containerPort: 80, name: 'www' }, { containerPort: 81 }] }, b] },
    ],
    [
      'plain lists are replaced',
      { containers: [{ name: 'a', args: ['q', 'r'] }] },
      { containers: [{ ...a, args: ['q', 'r'] }, b] },
    ],
    [
      'replace a list',
      { containers: [{ $patch: 'replace' }, { name: 'only', image: 'o:1' }] },
      { containers: [{ name: 'only', image: 'o:1' }] },
    ],
    [
      'set the order',
      { $setElementOrder__containers: [{ name: 'b' }, { name: 'a' }], containers: [{ name: 'a', image: 'a:3' }] },
      { containers: [b, { ...a, image: 'a:3' }] },
    ],
    ['set the order alone', { $setElementOrder__containers: [{ name: 'b' }, { name: 'a' }] }, { containers: [b, a] }],
    [
      'order with items of the server',
      { $setElementOrder__containers: [{ name: 'c' }, { name: 'b' }], containers: [{ name: 'c' }] },
      { containers: [{ name: 'c' }, a, b] },
    ],
    [
      'retain keys',
      { volumes: [{ name: 'v', $retainKeys: ['name', 'configMap'], configMap: { name: 'cm' } }] },
      { volumes: [{ name: 'v', configMap: { name: 'cm' } }] },
    ],
    ['scalars are a set', { finalizers: ['r', 'p'] }, { finalizers: ['r', 'p', 'q'] }],
    ['delete scalars', { $deleteFromPrimitiveList__finalizers: ['p', 'z'] }, { finalizers: ['q'] }],
    [
      'delete and order scalars',
      { $deleteFromPrimitiveList__finalizers: ['p'], $setElementOrder__finalizers: ['r', 'q'], finalizers: ['r'] },
      { finalizers: ['r', 'q'] },
    ],
    ['null deletes', { volumes: null, nothing: null }, { volumes: undefined }],
    ['replace a map', { labels: { $patch: 'replace', n: 'm' } }, { labels: { n: 'm' } }],
    ['delete a map', { labels: { $patch: 'delete' } }, { labels: {} }],
    ['directives about nothing', { strategy: { $patch: 'replace', type: 'x' } }, {}],
    ['nulls about nothing', { strategy: { type: 'x', max: null } }, { strategy: { type: 'x' } }],
    ['another type', { containers: 'x' }, { containers: 'x' }],
  ]
  for (const [name, patch, expected] of cases) {
    it(name, () => {
      const before = structuredClone(original)
      // A slash cannot stand in a bare property name.
      const text = JSON.stringify(patch).replaceAll('__', '/')
      const patched = applyStrategicMerge(original, JSON.parse(text), spec)
      assert.deepEqual(JSON.parse(JSON.stringify(patched)), JSON.parse(JSON.stringify({ ...original, ...expected })))
      assert.deepEqual(original, before)
    })
  }

  it('replaces what is declared so', () => {
    assert.deepEqual(applyStrategicMerge({ exact: { a: '1', b: '2' } }, { exact: { a: '3' } }, spec), {
      exact: { a: '3' },
    })
    assert.deepEqual(
      applyStrategicMerge(
        { strategy: { type: 'R', max: 1 } },
        { strategy: { $retainKeys: ['type'], type: 'S' } },
        spec,
      ),
      { strategy: { type: 'S' } },
    )
  })

  it('merges maps and replaces lists where nothing is known', () => {
    assert.deepEqual(applyStrategicMerge({ a: { b: 1, c: [1] } }, { a: { c: [2] } }, undefined), {
      a: { b: 1, c: [2] },
    })
  })

  it('shares what does not change', () => {
    assert.equal(applyStrategicMerge(original, {}, spec), original)
    assert.equal(
      applyStrategicMerge(original, { containers: [{ name: 'a', image: 'a:1' }], labels: { l: '1' } }, spec),
      original,
    )
    const patched = applyStrategicMerge(original, { labels: { l: '2' } }, spec) as typeof original
    assert.equal(patched.containers, original.containers)
  })
})

describe('faults', () => {
  const cases: [unknown, number, string][] = [
    [{ containers: [{ image: 'x' }] }, 500, 'map: map[image:x] does not contain declared merge key: name'],
    [
      { containers: [{ name: 'only', $patch: 'explode' }] },
      500,
      'unknown patch type: explode in map: map[$patch:explode name:only]',
    ],
    [{ labels: { $patch: 'explode' } }, 500, 'unknown patch type: explode in map: map[$patch:explode]'],
    [{ $setElementOrder__containers: 'x' }, 400, 'invalid patch format of setElementOrder list'],
    [{ $deleteFromPrimitiveList__finalizers: 'x' }, 400, 'invalid patch format of primitive list'],
    [{ volumes: [{ name: 'v', $retainKeys: 'x' }] }, 400, 'invalid patch format of retainKeys'],
    [{ volumes: [{ name: 'v', $retainKeys: ['name'], emptyDir: {} }] }, 400, 'invalid patch format of retainKeys'],
    [
      { $setElementOrder__finalizers: ['a', 'b'], finalizers: ['b', 'a'] },
      500,
      "The order in patch list:\n[b a]\n doesn't match $setElementOrder list:\n[a b]\n",
    ],
    [[], 400, 'json: cannot unmarshal array into Go value of type map[string]interface {}'],
  ]
  for (const [patch, code, message] of cases) {
    it(message, () => {
      const read = JSON.parse(JSON.stringify(patch).replaceAll('__', '/')) as unknown
      assert.throws(() => applyStrategicMerge(original, read, spec), { code, message })
    })
  }
})
