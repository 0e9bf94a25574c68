import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Pod } from '../../api/core/v1/index.js'
import { findFeasible } from '../choose-node.js'
import { profileOf } from '../profile.js'
import { clusterOf, cycleOf, defaultPlugins, nodeOf, type Placed, podOf } from '../test-cluster.js'
import { defaultLimits, findCandidates } from './find-candidates.js'

const sized = (name: string, cpu: number, priority = 0): Pod =>
  podOf(name, {}, { priority, containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: String(cpu) } } }] })
const filters = profileOf('', defaultPlugins).filter

function candidates(pod: Pod, names: readonly string[], placed: Placed, limits = defaultLimits, random = 0) {
  const nodes = names.map(name => nodeOf(name, undefined, name.startsWith('off') ? { unschedulable: true } : {}))
  const state = clusterOf(nodes, placed)
  const { infeasible } = findFeasible(cycleOf(pod, state), filters, {})
  return findCandidates(pod, state, infeasible, [], limits, () => random)
}

describe('findCandidates', () => {
  it('says why no node will do', () => {
    const placed: Placed = [
      [sized('x', 60, 9), 'a'],
      [sized('y', 60, 9), 'b'],
      [sized('z', 1, 1), 'b'],
    ]
    const { victims, message } = candidates(sized('new', 10, 5), ['a', 'b', 'off'], placed)
    assert.equal(victims.size, 0)
    assert.equal(
      message(),
      'preemption: 0/3 nodes are available: 1 Insufficient cpu, 1 No preemption victims found for incoming pod, ' +
        '1 Preemption is not helpful for scheduling.',
    )
  })

  it('does not ask nodes that are too small', () => {
    const { message } = candidates(sized('new', 100, 5), ['a'], [[sized('x', 1), 'a']])
    assert.equal(message(), 'preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.')
  })

  it('stops when there are enough, wherever it begins', () => {
    const names = Array.from({ length: 10 }, (_, i) => `n${i}`)
    const placed: Placed = names.map(name => [sized(`on-${name}`, 60), name])
    const limits = { minCandidateNodesPercentage: 20, minCandidateNodesAbsolute: 1 }
    const { victims } = candidates(sized('new', 10, 5), names, placed, limits, 0.85)
    assert.deepEqual([...victims.keys()], ['n8', 'n9'])
  })
})
