import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { secondsFor } from './ttl.js'

describe('how long kubelets may use what they know', () => {
  const cases: readonly [nodes: number, before: number, seconds: number][] = [
    [0, 0, 0],
    [100, 0, 0],
    [101, 0, 15],
    [90, 15, 15],
    [89, 15, 0],
    [501, 15, 30],
    [450, 30, 30],
    [449, 30, 15],
    [5000, 0, 60],
    [10_001, 60, 300],
    [9000, 300, 300],
    [10, 300, 0],
  ]
  for (const [nodes, before, seconds] of cases)
    it(`${nodes} nodes after ${before} s`, () => assert.equal(secondsFor(nodes, before), seconds))
})
