import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Pod, Service } from '../api/core/v1/index.js'
import { ChangeTimes, changeTimeAnnotation, withChangeTime } from './change-times.js'

const at = (minute: number) => `2026-01-01T00:0${minute}:00Z`
const service = (uid = 's') => ({ metadata: { uid, creationTimestamp: at(1) }, spec: {} }) as unknown as Service
const pod = (name: string, readySince?: number) =>
  ({
    metadata: { name },
    status: {
      conditions: [{ type: 'Ready', status: 'True', ...(readySince ? { lastTransitionTime: at(readySince) } : {}) }],
    },
  }) as unknown as Pod

describe('the time of the last change', () => {
  it('is when the service was made, then the earliest of what has changed since', () => {
    const times = new ChangeTimes()
    assert.equal(times.since('ns/s', service(), [pod('a', 2)]), at(1))
    assert.equal(times.since('ns/s', service(), [pod('a', 2)]), undefined)
    assert.equal(times.since('ns/s', service(), [pod('a', 5), pod('b', 4), pod('c')]), at(4))
    assert.equal(times.since('ns/s', service(), [pod('a', 5)]), undefined)
    assert.equal(times.since('ns/s', service('other'), []), at(1))
    times.forget('ns/s')
    assert.equal(times.since('ns/s', service(), [pod('a', 6)]), at(1))
  })

  it('is not told when it is not known', () => {
    const old = { a: 'b', [changeTimeAnnotation]: at(1) }
    assert.deepEqual(withChangeTime(old, at(2)), { annotations: { a: 'b', [changeTimeAnnotation]: at(2) } })
    assert.deepEqual(withChangeTime(old, undefined), { annotations: { a: 'b' } })
    assert.deepEqual(withChangeTime({ [changeTimeAnnotation]: at(1) }, undefined), {})
  })
})
