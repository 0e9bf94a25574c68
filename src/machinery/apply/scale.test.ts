import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ManagedFieldsEntry } from '../meta/object-meta.js'
import { applyScaleFields, type ScaleWrite, updateScaleFields } from './scale.js'

const creator: ManagedFieldsEntry = {
  manager: 'creator',
  operation: 'Update',
  apiVersion: 'apps/v1',
  time: 't1',
  fieldsType: 'FieldsV1',
  fieldsV1: { 'f:spec': { 'f:paused': {}, 'f:replicas': {} } },
}
const without = { ...creator, fieldsV1: { 'f:spec': { 'f:paused': {} } } }
const scaler = (manager: string, operation: string): ManagedFieldsEntry => ({
  manager,
  operation,
  apiVersion: 'apps/v1',
  fieldsType: 'FieldsV1',
  fieldsV1: { 'f:spec': { 'f:replicas': {} } },
  subresource: 'scale',
})
const write = (more: Partial<ScaleWrite>): ScaleWrite => ({
  managedFields: [creator],
  apiVersion: 'apps/v1',
  replicasPath: 'spec.replicas',
  before: 1,
  after: 2,
  manager: 'me',
  ...more,
})

describe('an update', () => {
  it('takes the replicas over', () => {
    assert.deepEqual(updateScaleFields(write({})), [scaler('me', 'Update'), without])
    const again = updateScaleFields(write({ managedFields: [scaler('me', 'Update'), without], after: 3 }))
    assert.deepEqual(again, [scaler('me', 'Update'), without])
  })

  it('that changes nothing takes nothing', () => {
    const managedFields = [creator]
    assert.equal(updateScaleFields(write({ managedFields, after: 1 })), managedFields)
    assert.deepEqual(updateScaleFields(write({ managedFields: [] })), [])
  })
})

describe('an apply', () => {
  it('conflicts with whoever owns the replicas', () => {
    assert.throws(() => applyScaleFields(write({ managedFields: [scaler('replay', 'Update'), without] })), {
      code: 409,
      message:
        'Apply failed with 1 conflict: conflict with "replay" with subresource "scale" using autoscaling/v1: .spec.replicas',
    })
  })

  it('takes them by force, shares them where they agree, and lets go of them', () => {
    assert.deepEqual(applyScaleFields({ ...write({}), force: true }), [scaler('me', 'Apply'), without])
    assert.deepEqual(applyScaleFields(write({ after: 1 })), [scaler('me', 'Apply'), creator])
    const managedFields = [scaler('me', 'Apply'), without]
    assert.deepEqual(applyScaleFields({ ...write({ managedFields }), after: undefined }), [without])
  })
})
