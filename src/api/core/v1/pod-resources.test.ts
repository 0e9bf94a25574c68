import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatQuantity } from '../../../machinery/quantity.js'
import type { Pod } from './pod.js'
import { podLimitQuantities, podRequestQuantities, podRequests } from './pod-resources.js'

const container = (cpu: string, rest: object = {}) => ({ resources: { requests: { cpu }, limits: { cpu } }, ...rest })
const sidecar = (cpu: string) => container(cpu, { restartPolicy: 'Always' })
const pod = (spec: object) => ({ spec }) as unknown as Pod

describe('resources of pods', () => {
  const cases: readonly [string, object, number][] = [
    ['containers together', { containers: [container('1'), container('500m')] }, 1500],
    ['an init container that needs more', { initContainers: [container('2')], containers: [container('1')] }, 2000],
    ['one that needs less', { initContainers: [container('100m')], containers: [container('1')] }, 1000],
    ['sidecars run beside', { initContainers: [sidecar('200m')], containers: [container('1')] }, 1200],
    [
      'and beside later steps',
      { initContainers: [sidecar('200m'), container('2')], containers: [container('1')] },
      2200,
    ],
    ['but not before they start', { initContainers: [container('1'), sidecar('200m')], containers: [] }, 1000],
    [
      'of the whole',
      { containers: [container('1')], resources: { requests: { cpu: '3' }, limits: { cpu: '3' } } },
      3000,
    ],
    ['and overhead', { containers: [container('1')], overhead: { cpu: '250m' } }, 1250],
  ]
  for (const [name, spec, cpu] of cases)
    it(name, () => {
      assert.deepEqual(podRequests(pod(spec)), { cpu })
      const text = cpu % 1000 ? `${cpu}m` : String(cpu / 1000)
      for (const of of [podRequestQuantities, podLimitQuantities])
        assert.equal(formatQuantity(of(pod(spec)).cpu ?? { nanos: 0n, format: 'DecimalSI' }), text)
    })

  it('what has no limit has none with overhead', () =>
    assert.deepEqual(podLimitQuantities(pod({ containers: [{}], overhead: { cpu: '1' } })), {}))
  it('assumes amounts for those who ask for nothing', () =>
    assert.deepEqual(podRequests(pod({ containers: [{}, container('1')] }), { cpu: 100 }), { cpu: 1100 }))
})
