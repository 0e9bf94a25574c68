import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { untypedKind } from '../../client/discovery.js'
import type { ObjectMeta, OwnerReference } from '../../machinery/meta/index.js'
import { blocks, DependencyGraph, type GraphNode, type Looks } from './dependency-graph.js'

const thing = untypedKind({ group: 'example.com', version: 'v1', kind: 'Thing', plural: 'things', namespaced: true })
const root = untypedKind({ group: 'example.com', version: 'v1', kind: 'Root', plural: 'roots', namespaced: false })

const to = (name: string, more: Partial<OwnerReference> = {}): OwnerReference => ({
  apiVersion: 'example.com/v1beta1',
  kind: 'Thing',
  name,
  uid: name,
  ...more,
})

const node = (name: string, owners: readonly OwnerReference[] = [], more: Partial<ObjectMeta> = {}): GraphNode => ({
  kind: thing,
  metadata: { namespace: 'ns', name, uid: name, ...(owners.length > 0 ? { ownerReferences: owners } : {}), ...more },
})

const foreground = { deletionTimestamp: 'now', finalizers: ['foregroundDeletion'] }
const orphan = { deletionTimestamp: 'now', finalizers: ['orphan'] }
const said = ({ objects, owners }: Looks) =>
  [...[...objects].sort(), ...[...owners].map(owner => `?${owner}`)].join(' ')

function graphOf(...nodes: GraphNode[]): DependencyGraph {
  const graph = new DependencyGraph()
  for (const one of nodes) graph.put(one)
  return graph
}

const cases: { name: string; before?: GraphNode[]; put?: GraphNode; remove?: string; looks: string }[] = [
  { name: 'an object without owners', put: node('a'), looks: '' },
  { name: 'one whose owner is known', before: [node('o')], put: node('a', [to('o')]), looks: '' },
  { name: 'one whose owner has not been seen', put: node('a', [to('o')]), looks: '?o' },
  {
    name: 'one whose owner has another name',
    before: [node('o')],
    put: node('a', [to('x', { uid: 'o' })]),
    looks: 'a',
  },
  {
    name: 'one whose owner is of another group',
    before: [node('o')],
    put: node('a', [to('o', { apiVersion: 'v1' })]),
    looks: 'a',
  },
  {
    name: 'one whose owner is in another namespace',
    before: [node('o')],
    put: node('a', [to('o')], { namespace: 'other' }),
    looks: 'a',
  },
  {
    name: 'one whose owner is in no namespace',
    before: [{ kind: root, metadata: { name: 'o', uid: 'o' } }],
    put: node('a', [to('o', { kind: 'Root' })]),
    looks: '',
  },
  { name: 'a new owner of what refers to it rightly', before: [node('a', [to('o')])], put: node('o'), looks: '' },
  {
    name: 'a new owner of what refers to it wrongly',
    before: [node('a', [to('o')]), node('b', [to('o')], { namespace: 'other' })],
    put: node('o'),
    looks: 'b',
  },
  {
    name: 'a new dependent of an owner that waits for its dependents to go',
    before: [node('o', [], foreground)],
    put: node('a', [to('o')]),
    looks: 'a',
  },
  {
    name: 'an owner deleted in the foreground',
    before: [node('o'), node('a', [to('o')]), node('b', [to('o')])],
    put: node('o', [], foreground),
    looks: 'a b o',
  },
  {
    name: 'an owner that was deleted in the foreground before',
    before: [node('a', [to('o')]), node('o', [], foreground)],
    put: node('o', [], { ...foreground, labels: {} }),
    looks: '',
  },
  {
    name: 'an owner found in foreground deletion',
    before: [node('a', [to('o')])],
    put: node('o', [], foreground),
    looks: 'a o',
  },
  {
    name: 'an owner deleted with orphans',
    before: [node('o'), node('a', [to('o')])],
    put: node('o', [], orphan),
    looks: 'o',
  },
  {
    name: 'an owner deleted in the background that somebody else holds',
    before: [node('o'), node('a', [to('o')])],
    put: node('o', [], { deletionTimestamp: 'now', finalizers: ['example.com/f'] }),
    looks: '',
  },
  {
    name: 'a deleted owner',
    before: [node('o'), node('a', [to('o')]), node('b', [to('o')])],
    remove: 'o',
    looks: 'a b',
  },
  { name: 'a deleted object nobody knew', remove: 'o', looks: '' },
  { name: 'a deleted dependent', before: [node('o'), node('a', [to('o')])], remove: 'a', looks: '' },
  {
    name: 'a deleted dependent of an owner that waits',
    before: [node('a', [to('o', { blockOwnerDeletion: true })]), node('o', [], foreground)],
    remove: 'a',
    looks: 'o',
  },
  { name: 'the same again', before: [node('a', [to('o')])], put: node('a', [to('o')]), looks: '' },
  {
    name: 'one that gets another owner',
    before: [node('p'), node('a', [to('p')])],
    put: node('a', [to('p'), to('o')]),
    looks: '?o',
  },
  {
    name: 'one that loses an owner that waits',
    before: [node('a', [to('o', { blockOwnerDeletion: true })]), node('o', [], foreground)],
    put: node('a'),
    looks: 'o',
  },
  {
    name: 'one that blocks its owner no more',
    before: [node('a', [to('o', { blockOwnerDeletion: true })]), node('o', [], foreground)],
    put: node('a', [to('o', { blockOwnerDeletion: false })]),
    looks: 'a o',
  },
  {
    name: 'one whose reference is put right',
    before: [node('o'), node('a', [to('x', { uid: 'o' })])],
    put: node('a', [to('o')]),
    looks: '',
  },
]

describe('the graph says what a change gives reason to look at:', () => {
  for (const { name, before = [], put, remove, looks } of cases)
    test(name, () => {
      const graph = graphOf(...before)
      const result = put ? graph.put(put) : graph.remove(remove ?? '')
      assert.equal(said(result), looks)
    })
})

test('the graph knows dependents of what has not been seen, and forgets without a trace', () => {
  const graph = graphOf(node('a', [to('o')]), node('b', [to('o', { blockOwnerDeletion: true })]))
  assert.deepEqual(
    graph.dependentsOf('o').map(({ metadata }) => metadata.name),
    ['a', 'b'],
  )
  assert.deepEqual(
    graph.dependentsOf('o').map(dependent => blocks(dependent, 'o')),
    [false, true],
  )
  graph.put(node('o'))
  assert.equal(said(graph.forget('o')), '?o')
  assert.equal(graph.get('o'), undefined)
  assert.equal(graph.dependentsOf('o').length, 2)
  graph.remove('a')
  graph.forget('b')
  assert.equal(graph.dependentsOf('o').length, 0)
  assert.equal(graph.size, 0)
})

test('a dependent is known as it was last', () => {
  const graph = graphOf(node('a', [to('o')]), node('a', [to('o')], { resourceVersion: '2' }))
  assert.equal(graph.dependentsOf('o')[0]?.metadata.resourceVersion, '2')
})
