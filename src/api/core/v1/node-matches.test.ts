import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodeMatches, termMatches } from './node-matches.js'

const node = { metadata: { name: 'a', labels: { zone: 'x', cores: '+8', odd: 'many' } } }
const term = (key: string, operator: string, ...values: string[]) => ({
  matchExpressions: [{ key, operator, values }],
})

const terms: readonly (readonly [object, boolean])[] = [
  [{}, false],
  [term('zone', 'In', 'x', 'y'), true],
  [term('zone', 'NotIn', 'x'), false],
  [term('none', 'NotIn', 'x'), true],
  [term('none', 'Exists'), false],
  [term('none', 'DoesNotExist'), true],
  [term('cores', 'Gt', '7'), true],
  [term('cores', 'Lt', '7'), false],
  [term('odd', 'Gt', '7'), false],
  [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['a'] }] }, true],
  [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['b'] }] }, false],
  [{ matchFields: [{ key: 'metadata.uid', operator: 'Exists' }] }, false],
]

test('terms select nodes by labels and names', () => {
  for (const [selector, matches] of terms) assert.equal(termMatches(selector, node), matches, JSON.stringify(selector))
})

test('a pod insists on its selector and one of its terms', () => {
  const affinity = (...nodeSelectorTerms: object[]) => ({
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } },
  })
  assert.equal(nodeMatches({}, node), true)
  assert.equal(nodeMatches({ nodeSelector: { zone: 'y' } }, node), false)
  assert.equal(nodeMatches({ affinity: affinity(term('zone', 'In', 'y'), term('zone', 'Exists')) }, node), true)
  assert.equal(nodeMatches({ nodeSelector: { zone: 'x' }, affinity: affinity(term('zone', 'In', 'y')) }, node), false)
})
