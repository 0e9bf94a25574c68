import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { Pod } from '../api/core/v1/index.js'
import type { Client } from '../client/client.js'
import { ManualClock } from '../machinery/clock.js'
import type { SchedulerPlugin } from './framework.js'
import { profileOf } from './profile.js'
import { Scheduler } from './scheduler.js'
import { defaultPlugins, informersOf, nodeOf, podOf } from './test-cluster.js'

const name = 'default-scheduler'
const plugins = defaultPlugins.filter(plugin => plugin.name !== 'DefaultBinder')

/** A scheduler whose pods wait for their first node before they are bound, until they are told to stop. */
function waiting() {
  const clock = new ManualClock()
  const bound: string[] = []
  const events: string[] = []
  const reserved = new Set<string>()
  let waited: string | undefined
  const plugin: SchedulerPlugin = {
    name: 'Slow',
    reserve: (_, node) => reserved.add(node),
    unreserve: (_, node) => reserved.delete(node),
    preBind({ signal }, node) {
      if (waited !== undefined) return undefined
      waited = node
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    },
    bind: async (_, node) => bound.push(node) > 0,
  }
  const scheduler = new Scheduler({
    client: { patch: async () => ({}) } as unknown as Client,
    informers: informersOf(),
    recorder: () => ({ record: (_object, _type, reason, message) => events.push(`${reason}: ${message}`) }),
    profiles: [{ name, make: () => profileOf(name, [...plugins, plugin]) }],
    clock,
    onError: error => assert.fail(String(error)),
  })
  const nodes = [nodeOf('one'), nodeOf('two')]
  for (const node of nodes) scheduler.nodeChanged(node, undefined)
  const pod = podOf('pod', {}, { schedulerName: name })
  scheduler.podChanged(pod, undefined)
  const settle = async () => {
    for (let i = 0; i < 5; i++) await turn()
  }
  return { ...{ scheduler, clock, bound, events, reserved, nodes, pod, settle }, waited: () => waited ?? '' }
}

describe('a pod that waits to be bound', () => {
  it('is tried again when its node goes', async () => {
    const { scheduler, clock, bound, events, reserved, nodes, settle, waited } = waiting()
    await settle()
    const [gone, left] = waited() === 'one' ? nodes : nodes.toReversed()
    assert.deepEqual([...reserved], [gone?.metadata.name])
    scheduler.nodeChanged(undefined, gone)
    await settle()
    assert.deepEqual([...reserved], [], 'at once')
    assert.deepEqual(events, [
      `FailedScheduling: running PreBind plugin "Slow": node "${gone?.metadata.name}" not found`,
    ])
    clock.advance(1_000)
    await settle()
    assert.deepEqual(bound, [left?.metadata.name])
    scheduler[Symbol.dispose]()
  })

  it('leaves the node to others when it goes itself, or has been bound by somebody else', async () => {
    const ends: readonly ((pod: Pod) => readonly [Pod | undefined, Pod])[] = [
      pod => [undefined, pod],
      pod => [{ ...pod, metadata: { ...pod.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } } as Pod, pod],
      pod => [{ ...pod, spec: { ...pod.spec, nodeName: 'elsewhere' } } as Pod, pod],
    ]
    for (const end of ends) {
      const { scheduler, bound, events, reserved, pod, settle } = waiting()
      await settle()
      scheduler.podChanged(...end(pod))
      await settle()
      assert.deepEqual([[...reserved], bound, events], [[], [], []])
      const { pending, assumedPods } = scheduler.figures()
      assert.deepEqual([pending.inFlight + pending.active + pending.backoff, assumedPods], [0, 0])
      scheduler[Symbol.dispose]()
    }
  })
})
