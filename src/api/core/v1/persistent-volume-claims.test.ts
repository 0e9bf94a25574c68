import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Draft } from '../../../schema/index.js'
import type { PersistentVolumeClaim } from './persistent-volume-claim.js'
import { persistentVolumeClaims } from './persistent-volume-claims.js'

const claimOf = (dataSourceRef: object | undefined): Draft<PersistentVolumeClaim> =>
  ({ metadata: {}, spec: { resources: {}, ...(dataSourceRef ? { dataSourceRef } : {}) }, status: {} }) as never
const near = { apiGroup: null, kind: 'PersistentVolumeClaim', name: 'x' }
const far = { ...near, namespace: 'other' }

test('a source in another namespace is not taken up', () => {
  const { prepareForCreate, prepareForUpdate } = persistentVolumeClaims.strategy
  const preparation = { now: 0 } as never
  for (const [given, old, expected] of [
    [near, undefined, { dataSourceRef: near, dataSource: near }],
    [far, undefined, {}],
    [far, claimOf(undefined), {}],
    [far, claimOf(far), { dataSourceRef: far }],
  ] as const) {
    const claim = claimOf(given)
    if (old) prepareForUpdate?.(claim, old as PersistentVolumeClaim, preparation)
    else prepareForCreate?.(claim, preparation)
    assert.deepEqual(claim.spec, { resources: {}, ...expected })
  }
})

test('attributes may be taken back from a bound claim that has not got them yet', () => {
  const bound = (attributes: string | undefined, current?: string) =>
    ({
      metadata: { name: 'c', namespace: 'n' },
      spec: { resources: {}, ...(attributes === undefined ? {} : { volumeAttributesClassName: attributes }) },
      status: { phase: 'Bound', ...(current ? { currentVolumeAttributesClassName: current } : {}) },
    }) as unknown as PersistentVolumeClaim
  const detail = 'is forbidden when status.currentVolumeAttributesClassName is not nil'
  for (const [wanted, old, told] of [
    [undefined, bound('fast'), []],
    ['slow', bound('fast', 'fast'), []],
    [undefined, bound('fast', 'fast'), [`Forbidden: update to nil ${detail}`]],
    ['', bound('fast', 'fast'), [`Forbidden: update to empty string ${detail}`]],
  ] as const) {
    const errors = persistentVolumeClaims.strategy.validateUpdate?.(
      bound(wanted, old.status.currentVolumeAttributesClassName),
      old,
    )
    assert.deepEqual(
      errors?.flatMap(({ field, message }) => (field === 'spec.volumeAttributesClassName' ? [message] : [])),
      told,
    )
  }
})
