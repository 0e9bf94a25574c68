import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Pod } from '../api/core/v1/index.js'
import { podRequest } from './resources.js'
import { podOf } from './test-cluster.js'

describe('podRequest', () => {
  const pod = (cpu: string, status: object = {}): Pod => ({
    ...podOf('p', {}, { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu } } }] }),
    status: status as Pod['status'],
  })
  const running = (requests: object, allocatedResources: object = requests) => ({
    containerStatuses: [{ name: 'c', resources: { requests }, allocatedResources }],
  })
  const infeasible = { conditions: [{ type: 'PodResizePending', status: 'True', reason: 'Infeasible' }] }
  const cases: readonly (readonly [what: string, pod: Pod, cpu: number])[] = [
    ['what it asks for', pod('1'), 1000],
    ['what it asks for, and has', pod('1', running({ cpu: '1000m' })), 1000],
    ['what it asks for, though it has less', pod('2', running({ cpu: '1' })), 2000],
    ['what it has, though it asks for less', pod('1', running({ cpu: '2' })), 2000],
    ['what it has been promised', pod('1', running({ cpu: '1' }, { cpu: '1500m' })), 1500],
    ['not what it can never get', pod('8', { ...running({ cpu: '1' }), ...infeasible }), 1000],
  ]
  const whole = (cpu: string, has: string, promised = has): Pod => {
    const given = pod('100m', { resources: { requests: { cpu: has } }, allocatedResources: { cpu: promised } })
    return { ...given, spec: { ...given.spec, resources: { requests: { cpu } } } }
  }
  const wholes: typeof cases = [
    ['what it asks for as a whole', whole('2', '2'), 2000],
    ['though it has less as a whole', whole('3', '2'), 3000],
    ['what it has as a whole', whole('1', '2'), 2000],
    ['what it has been promised as a whole', whole('1', '1', '1500m'), 1500],
  ]
  for (const [what, given, cpu] of [...cases, ...wholes])
    it(what, () => assert.equal(podRequest(given).requested['cpu'], cpu))
})
