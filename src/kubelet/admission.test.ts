import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { admit } from './admission.js'
import { pod } from './test-pods.js'

const node = {
  name: 'n1',
  labels: {},
  allocatable: { cpu: '2', memory: '1Gi', pods: '10' },
  memoryPressure: false,
  diskPressure: false,
  allowedSysctls: [],
}

describe('pods under pressure', () => {
  for (const [what, spec, state, reason] of [
    ['nothing is short', {}, {}, ''],
    ['the disk is short', {}, { diskPressure: true }, 'Evicted'],
    ['memory is short', {}, { memoryPressure: true }, 'Evicted'],
    ['memory is short, and the pod is critical', { priority: 2_000_000_000 }, { memoryPressure: true }, ''],
    ['memory is short, and all is tolerated', { tolerations: [{ operator: 'Exists' }] }, { memoryPressure: true }, ''],
    [
      'memory is short, which is tolerated',
      { tolerations: [{ key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' }] },
      { memoryPressure: true },
      '',
    ],
    [
      'memory is short, and another effect is tolerated',
      { tolerations: [{ key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoExecute' }] },
      { memoryPressure: true },
      'Evicted',
    ],
    [
      'memory is short, and a value is tolerated that the taint does not have',
      { tolerations: [{ key: 'node.kubernetes.io/memory-pressure', value: 'much' }] },
      { memoryPressure: true },
      'Evicted',
    ],
  ] as const)
    it(what, () => assert.equal(admit(pod(spec), [], { ...node, ...state })?.reason ?? '', reason))
})
