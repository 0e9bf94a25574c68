import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Pod } from '../api/core/v1/index.js'
import { type LabelSelectorObject, selectorFromObject } from '../machinery/labels.js'
import { PodIndex, type PodQuery } from './pod-index.js'
import { selectionIn } from './pod-selection.js'

const podOf = (uid: string, namespace: string, labels: { [key: string]: string }, deleted = false): Pod =>
  ({
    metadata: { uid, namespace, name: uid, labels, ...(deleted ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}) },
    spec: {},
    status: {},
  }) as unknown as Pod

const queryOf = (namespace: string, ...selectors: LabelSelectorObject[]): PodQuery => ({
  selections: selectors.map(selector => selectionIn(namespace, selectorFromObject(selector))),
  terminating: false,
})

const indexOf = () =>
  new PodIndex(
    () => ({}),
    () => ({}),
    () => [],
  )

const count = (index: PodIndex, query: PodQuery): number =>
  [...index.counts(query).byNode.values()].reduce((sum, pods) => sum + pods, 0)

describe('counts of pods on nodes', () => {
  const cases: readonly (readonly [string, PodQuery, number])[] = [
    ['by a label', queryOf('a', { matchLabels: { app: 'web' } }), 2],
    ['by two labels', queryOf('a', { matchLabels: { app: 'web', tier: 'x' } }), 1],
    [
      'by two selections',
      queryOf('a', { matchLabels: { app: 'web' } }, { matchExpressions: [{ key: 'tier', operator: 'Exists' }] }),
      1,
    ],
    [
      'by one value of an expression',
      queryOf('a', { matchExpressions: [{ key: 'app', operator: 'In', values: ['db'] }] }),
      1,
    ],
    [
      'by several values',
      queryOf('a', { matchExpressions: [{ key: 'app', operator: 'In', values: ['db', 'web'] }] }),
      3,
    ],
    [
      'by what they lack',
      queryOf('a', { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['db', 'web'] }] }),
      1,
    ],
    ['all', queryOf('a', {}), 4],
    ['of another namespace', queryOf('b', { matchLabels: { app: 'web' } }), 1],
    ['of which there are none', queryOf('a', { matchLabels: { app: 'none' } }), 0],
  ]
  const pods = [
    podOf('1', 'a', { app: 'web', tier: 'x' }),
    podOf('2', 'a', { app: 'web' }),
    podOf('3', 'a', { app: 'db' }),
    podOf('4', 'a', {}),
    podOf('5', 'b', { app: 'web' }),
    podOf('6', 'a', { app: 'web' }, true),
  ]
  for (const [name, query, expected] of cases)
    it(`${name}: the same whether asked before or after the pods came, and none when they are gone`, () => {
      const asked = indexOf()
      assert.equal(count(asked, query), 0)
      const late = indexOf()
      for (const pod of pods) for (const index of [asked, late]) index.set(pod, 'node')
      assert.equal(count(asked, query), expected)
      assert.equal(count(late, query), expected)
      for (const { metadata } of pods) for (const index of [asked, late]) index.remove(metadata.uid ?? '')
      assert.equal(count(asked, query), 0)
      assert.equal(count(late, query), 0)
    })

  it('follow a change of labels, and more questions than are kept', () => {
    const index = indexOf()
    const apps = Array.from({ length: 600 }, (_, number) => `app-${number}`)
    const byApp = (app: string) => queryOf('a', { matchLabels: { app } })
    for (const app of apps) index.set(podOf(app, 'a', { app }), 'node')
    for (const app of apps) assert.equal(count(index, byApp(app)), 1)
    index.set(podOf('app-0', 'a', { app: 'app-599' }), 'node')
    assert.equal(count(index, byApp('app-0')), 0)
    assert.equal(count(index, byApp('app-599')), 2)
  })
})
