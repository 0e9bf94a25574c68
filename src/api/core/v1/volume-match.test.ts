import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { PersistentVolume, PersistentVolumeClaim } from './index.js'
import { bestVolume, mismatch } from './volume-match.js'

const volume = (name: string, size: string, spec: object = {}, rest: object = {}) =>
  ({
    metadata: { name, labels: { disk: name } },
    spec: { capacity: { storage: size }, accessModes: ['ReadWriteOnce'], ...spec },
    status: { phase: 'Available' },
    ...rest,
  }) as unknown as PersistentVolume

const claim = (spec: object = {}, metadata: object = {}) =>
  ({
    metadata: { namespace: 'n', name: 'c', uid: 'u', ...metadata },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '2Gi' } }, ...spec },
    status: { phase: 'Pending' },
  }) as unknown as PersistentVolumeClaim

const reserved = (name: string, uid?: string) => ({ claimRef: { namespace: 'n', name, ...(uid ? { uid } : {}) } })

describe('the best volume for a claim', () => {
  const cases: readonly [string, PersistentVolumeClaim, readonly PersistentVolume[], string | undefined, boolean?][] = [
    ['the smallest', claim(), [volume('a', '9Gi'), volume('b', '3Gi'), volume('c', '4Gi')], 'b'],
    ['one large enough', claim(), [volume('a', '1Gi'), volume('b', '2Gi')], 'b'],
    ['none', claim(), [volume('a', '1Gi')], undefined],
    [
      'the fewest access modes',
      claim(),
      [volume('a', '2Gi', { accessModes: ['ReadWriteOnce', 'ReadWriteMany'] }), volume('b', '9Gi')],
      'b',
    ],
    ['all access modes', claim({ accessModes: ['ReadWriteOnce', 'ReadOnlyMany'] }), [volume('a', '2Gi')], undefined],
    [
      'of its class',
      claim({ storageClassName: 'x' }),
      [volume('a', '2Gi'), volume('b', '3Gi', { storageClassName: 'x' })],
      'b',
    ],
    ['of no class', claim({ storageClassName: '' }), [volume('a', '2Gi', { storageClassName: 'x' })], undefined],
    [
      'of the class in the annotation',
      claim({}, { annotations: { 'volume.beta.kubernetes.io/storage-class': 'x' } }),
      [volume('a', '2Gi', { storageClassName: 'x' })],
      'a',
    ],
    ['selected', claim({ selector: { matchLabels: { disk: 'b' } } }), [volume('a', '2Gi'), volume('b', '3Gi')], 'b'],
    [
      'of its mode',
      claim({ volumeMode: 'Block' }),
      [volume('a', '2Gi'), volume('b', '3Gi', { volumeMode: 'Block' })],
      'b',
    ],
    ['of its attributes', claim({ volumeAttributesClassName: 'x' }), [volume('a', '2Gi')], undefined],
    ['reserved for it', claim(), [volume('a', '2Gi'), volume('b', '9Gi', reserved('c'))], 'b'],
    ['not for another of its name', claim(), [volume('b', '9Gi', reserved('c', 'v'))], undefined],
    ['not for others', claim(), [volume('b', '9Gi', reserved('d'))], undefined],
    ['reserved, but too small', claim(), [volume('a', '3Gi'), volume('b', '1Gi', reserved('c'))], 'a'],
    ['available', claim(), [volume('a', '3Gi', {}, { status: { phase: 'Released' } })], undefined],
    ['staying', claim(), [volume('a', '3Gi', {}, { metadata: { name: 'a', deletionTimestamp: 'x' } })], undefined],
    ['none before the scheduler says so', claim(), [volume('a', '3Gi')], undefined, true],
    ['what the scheduler chose', claim(), [volume('a', '3Gi', reserved('c', 'u'))], 'a', true],
  ]
  for (const [what, wanted, volumes, expected, delayed = false] of cases)
    it(what, () => assert.equal(bestVolume(wanted, volumes, delayed)?.metadata.name, expected))
})

describe('a volume asked for by name is refused', () => {
  const cases: readonly [PersistentVolumeClaim, PersistentVolume, string | undefined][] = [
    [claim(), volume('a', '2Gi'), undefined],
    [claim(), volume('a', '1Gi'), 'requested PV is too small'],
    [claim({ storageClassName: 'x' }), volume('a', '2Gi'), 'storageClassName does not match'],
    [claim({ volumeAttributesClassName: 'x' }), volume('a', '2Gi'), 'volumeAttributesClassName does not match'],
    [claim({ volumeMode: 'Block' }), volume('a', '2Gi'), 'incompatible volumeMode'],
    [claim({ accessModes: ['ReadWriteMany'] }), volume('a', '2Gi'), 'incompatible accessMode'],
  ]
  for (const [wanted, found, why] of cases) it(why ?? 'never', () => assert.equal(mismatch(found, wanted), why))
})
