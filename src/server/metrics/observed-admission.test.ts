import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { pods } from '../../api/core/v1/pods.js'
import {
  type AdmissionPlugin,
  type AdmissionRequest,
  allocateAll,
  mutateAll,
  validateAll,
} from '../admission/admission.js'
import { Registries } from '../registry/registries.js'
import { observedAdmission } from './observed-admission.js'
import { ServerMetrics } from './server-metrics.js'

describe('admission', () => {
  it('is measured plugin by plugin and step by step, whatever comes of it', async () => {
    const metrics = new ServerMetrics(new Registries())
    const calls: string[] = []
    const plugins: AdmissionPlugin[] = [
      { name: 'A', mutate: () => void calls.push('A mutates'), allocate: () => void calls.push('A allocates') },
      {
        name: 'B',
        mutate: async () => void calls.push('B mutates'),
        validate: async () => {
          throw new Error('no')
        },
      },
      { name: 'C', validate: () => assert.fail('C is not asked') },
    ]
    const observed = observedAdmission(plugins, metrics)
    const request = { operation: 'CREATE', resource: pods, subresource: '' } as unknown as AdmissionRequest
    await mutateAll(observed, request)
    await allocateAll(observed, request)
    await assert.rejects(async () => validateAll(observed, request), /no/)
    assert.deepEqual(calls, ['A mutates', 'B mutates', 'A allocates'])
    const counted = metrics.registry
      .text()
      .split('\n')
      .filter(line => /^apiserver_admission_.*_count/.test(line))
      .map(line => line.replace(/^apiserver_admission_|_admission_duration_seconds_count/g, ''))
    assert.deepEqual(counted.sort(), [
      'controller{name="A",operation="CREATE",rejected="false",type="admit"} 1',
      'controller{name="B",operation="CREATE",rejected="false",type="admit"} 1',
      'controller{name="B",operation="CREATE",rejected="true",type="validate"} 1',
      'step{operation="CREATE",rejected="false",type="admit"} 1',
      'step{operation="CREATE",rejected="true",type="validate"} 1',
    ])
  })
})
