import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ConfigMap, type Pod } from '../../api/core/v1/index.js'
import { pods } from '../../api/core/v1/pods.js'
import type { ApiObject } from '../../machinery/object.js'
import { type Resource, resource } from '../../machinery/resource.js'
import { selectionOf } from './selection.js'

const configMaps = resource(ConfigMap) as unknown as Resource
const podResource = pods as Resource<Pod> as unknown as Resource
const object = (name: string, namespace: string, labels = {}, rest: object = {}): ApiObject =>
  ({ metadata: { name, namespace, labels }, ...rest }) as ApiObject

const objects = [
  object('a', 'x', { app: 'web', tier: '1' }, { spec: { nodeName: 'n1' }, status: { phase: 'Running' } }),
  object('b', 'x', { app: 'db' }, { spec: {}, status: { phase: 'Pending' } }),
  object('a', 'y', {}, { spec: { nodeName: 'n2' }, status: { phase: 'Running' } }),
]

const selected = (query: string, of = podResource) => {
  const { matches } = selectionOf(new URLSearchParams(query), of)
  return objects
    .filter(object => !matches || matches(object))
    .map(({ metadata: { namespace, name } }) => `${namespace}/${name}`)
    .join(' ')
}

describe('selection', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['', 'x/a x/b y/a'],
    ['labelSelector=', 'x/a x/b y/a'],
    ['labelSelector=app=web', 'x/a'],
    ['labelSelector=app', 'x/a x/b'],
    ['labelSelector=!app', 'y/a'],
    ['labelSelector=app in (web,db),tier!=1', 'x/b'],
    ['fieldSelector=metadata.name=a', 'x/a y/a'],
    ['fieldSelector=metadata.namespace=x', 'x/a x/b'],
    ['fieldSelector=metadata.name=a,metadata.namespace!=x', 'y/a'],
    ['fieldSelector=spec.nodeName=', 'x/b'],
    ['fieldSelector=status.phase=Running&labelSelector=app', 'x/a'],
  ]
  for (const [query, expected] of cases) it(query || 'nothing', () => assert.equal(selected(query), expected))

  it('tells which one object, or namespace, is asked for', () => {
    const { name, namespace } = selectionOf(
      new URLSearchParams('fieldSelector=metadata.name=a,metadata.namespace=x'),
      podResource,
    )
    assert.deepEqual([name, namespace], ['a', 'x'])
    assert.equal(selectionOf(new URLSearchParams('fieldSelector=metadata.name!=a'), podResource).name, undefined)
    assert.deepEqual(selectionOf(new URLSearchParams(), podResource), {})
  })

  const refused: readonly (readonly [string, Resource, RegExp])[] = [
    ['fieldSelector=spec.nope=1', podResource, /^field label not supported: spec.nope$/],
    ['fieldSelector=constructor=1', podResource, /^field label not supported: constructor$/],
    [
      'fieldSelector=data=1',
      configMaps,
      /^"data" is not a known field selector: only "metadata.name", "metadata.namespace"$/,
    ],
    ['fieldSelector=metadata.name', configMaps, /can't understand/],
    ['labelSelector=a b', configMaps, /^unable to parse requirement/],
  ]
  for (const [query, of, message] of refused)
    it(`refuses ${query}`, () => assert.throws(() => selected(query, of), { code: 400, message }))
})
