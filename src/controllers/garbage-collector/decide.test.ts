import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ObjectMeta } from '../../machinery/meta/index.js'
import { type Decision, decide, type Verdict } from './decide.js'

const waiting: ObjectMeta = { name: 'd', deletionTimestamp: 'now', finalizers: ['foregroundDeletion'] }

const text = (decision: Decision): string => {
  switch (decision.type) {
    case 'leave':
      return 'leave'
    case 'keep-owners':
      return `keep ${decision.owners.map(({ name }) => name).join(' ')}`
    case 'delete':
      return `delete ${decision.policy}${decision.unblock ? ' unblock' : ''}`
  }
}

const cases: readonly {
  readonly verdicts: readonly Verdict[]
  readonly finalizers?: readonly string[]
  readonly dependents?: readonly ObjectMeta[]
  readonly does: string
}[] = [
  { verdicts: [], does: 'leave' },
  { verdicts: ['solid'], does: 'leave' },
  { verdicts: ['solid', 'solid'], does: 'leave' },
  { verdicts: ['solid', 'absent'], does: 'keep 0' },
  { verdicts: ['waiting', 'solid', 'absent'], does: 'keep 1' },
  { verdicts: ['absent'], does: 'delete Background' },
  { verdicts: ['absent', 'absent'], does: 'delete Background' },
  { verdicts: ['absent', 'unresolvable'], does: 'leave' },
  { verdicts: ['solid', 'absent', 'unresolvable'], does: 'leave' },
  { verdicts: ['absent'], finalizers: ['orphan'], does: 'delete Orphan' },
  { verdicts: ['absent'], finalizers: ['foregroundDeletion'], does: 'delete Foreground' },
  { verdicts: ['absent'], finalizers: ['example.com/f'], does: 'delete Background' },
  { verdicts: ['absent'], dependents: [{ name: 'd' }], does: 'delete Background' },
  { verdicts: ['waiting'], does: 'delete Background' },
  { verdicts: ['waiting'], dependents: [{ name: 'd' }], does: 'delete Foreground' },
  { verdicts: ['waiting', 'absent'], dependents: [{ name: 'd' }], finalizers: ['orphan'], does: 'delete Foreground' },
  { verdicts: ['waiting'], dependents: [{ name: 'd' }, waiting], does: 'delete Foreground unblock' },
]

describe('what becomes of an object', () => {
  for (const { verdicts, finalizers = [], dependents = [], does } of cases)
    test(`owners ${verdicts.join(', ') || 'none'}; ${finalizers.join() || 'no finalizers'}; ${dependents.length} dependents: ${does}`, () => {
      const ownerReferences = verdicts.map((_, i) => ({ apiVersion: 'v1', kind: 'X', name: String(i), uid: `u${i}` }))
      assert.equal(text(decide({ ownerReferences, finalizers }, verdicts, dependents)), does)
    })
})
