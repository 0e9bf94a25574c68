import assert from 'node:assert/strict'
import { test } from 'node:test'
import { priorityClasses } from './priority-classes.js'

test('the system keeps its own classes', () => {
  for (const [name, why] of [
    ['system-node-critical', 'this is a system priority class and cannot be deleted'],
    ['system-cluster-critical', 'this is a system priority class and cannot be deleted'],
    ['constructor', undefined],
    ['high', undefined],
  ] as const)
    assert.equal(priorityClasses.strategy.whyKept?.(name), why)
})
