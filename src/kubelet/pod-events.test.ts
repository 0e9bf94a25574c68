import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { EventRecorder } from '../client/events.js'
import { regularContainers } from './pod-containers.js'
import { crashLoopWait, PodEvents } from './pod-events.js'
import { failure, unknown, warning } from './probes/check-result.js'
import { pod } from './test-pods.js'
import { VolumesNotReady } from './volumes/pod-volumes.js'

const [container] = regularContainers(pod())
assert.ok(container)
const a = container

describe('events of a pod', () => {
  const table: readonly (readonly [string, (events: PodEvents) => void, string])[] = [
    [
      'a probe that failed',
      events => events.unhealthy(a, 'liveness', failure('no')),
      'Warning Unhealthy Liveness probe failed: no spec.containers{a}',
    ],
    [
      'a probe that went wrong',
      events => events.unhealthy(a, 'startup', unknown('x')),
      'Warning Unhealthy Startup probe errored and resulted in unknown state: x spec.containers{a}',
    ],
    [
      'a probe that was led elsewhere',
      events => events.unhealthy(a, 'readiness', warning('elsewhere')),
      'Warning ProbeWarning Readiness probe warning: elsewhere spec.containers{a}',
    ],
    [
      'a container that keeps ending',
      events => events.backOff(a),
      'Warning BackOff Back-off restarting failed container a in pod web_default(u1) spec.containers{a}',
    ],
    [
      'a volume that is not ready',
      events => events.failedMounts(new VolumesNotReady([{ volume: 'v', error: new Error('why') }])),
      'Warning FailedMount MountVolume.SetUp failed for volume "v" : why ',
    ],
  ]
  for (const [what, act, want] of table)
    it(`tell of ${what}`, () => {
      const log: string[] = []
      const recorder: EventRecorder = {
        record: (_, type, reason, message, { fieldPath = '' } = {}) =>
          log.push(`${type} ${reason} ${message} ${fieldPath}`),
      }
      act(new PodEvents(recorder, () => pod()))
      assert.deepEqual(log, [want])
    })

  it('go with why a container waits', () => {
    const message = 'back-off 10s restarting failed container=a pod=web_default(u1)'
    assert.deepEqual(crashLoopWait(pod(), a, 10_000), { reason: 'CrashLoopBackOff', message })
  })
})
