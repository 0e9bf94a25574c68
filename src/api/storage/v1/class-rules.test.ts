import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { runtimeClasses } from '../../node/v1/runtime-classes.js'
import { csiStorageCapacities } from './csi-storage-capacities.js'
import { storageClasses } from './storage-classes.js'
import { volumeAttributesClasses } from './volume-attributes-classes.js'

type Faults = readonly { readonly field: string; readonly message: string }[]
interface Tried {
  readonly kind: { readonly gvk: { readonly kind: string } }
  readonly strategy: {
    readonly validateUpdate?: (object: never, old: never) => Faults
    readonly warnings?: (object: never, old: never) => readonly string[]
  }
}

const oldZone = 'failure-domain.beta.kubernetes.io/zone'
const since = 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead'

const warned: readonly (readonly [Tried, object, readonly string[]])[] = [
  [
    storageClasses,
    { allowedTopologies: [{ matchLabelExpressions: [{ key: 'zone' }, { key: oldZone }] }] },
    [`allowedTopologies[0].matchLabelExpressions[1].key: ${since}`],
  ],
  [
    csiStorageCapacities,
    { nodeTopology: { matchLabels: { [oldZone]: 'a' }, matchExpressions: [{ key: oldZone, operator: 'Exists' }] } },
    [`nodeTopology.matchExpressions[0].key: ${oldZone} is ${since}`, `nodeTopology.matchLabels.${oldZone}: ${since}`],
  ],
  [csiStorageCapacities, {}, []],
  [
    runtimeClasses,
    { scheduling: { nodeSelector: { [oldZone]: 'a', zone: 'b' } } },
    [`scheduling.nodeSelector: ${since}`],
  ],
]

describe('old names of labels', () => {
  for (const [resource, object, expected] of warned)
    it(`${resource.kind.gvk.kind}: ${expected[0] ?? 'nothing'}`, () =>
      assert.deepEqual(resource.strategy.warnings?.(object as never, undefined as never), expected))
})

const changed: readonly (readonly [Tried, object, object, readonly string[]])[] = [
  [
    storageClasses,
    { provisioner: 'a/b', reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' },
    { provisioner: 'a/b', reclaimPolicy: 'X', volumeBindingMode: 'Immediate' },
    [
      'reclaimPolicy: Unsupported value: "X": supported values: "Delete", "Retain"',
      'reclaimPolicy: Forbidden: updates to reclaimPolicy are forbidden.',
    ],
  ],
  [
    volumeAttributesClasses,
    { driverName: 'kubernetes.io/a', parameters: { a: 'b' } },
    { driverName: 'kubernetes.io/a' },
    [
      'parameters: Required value: must contain at least one key/value pair',
      'parameters: Forbidden: updates to parameters are forbidden.',
    ],
  ],
  [
    runtimeClasses,
    { handler: 'runc' },
    { handler: '' },
    ['handler: Required value', 'handler: Invalid value: "": field is immutable'],
  ],
]

describe('changed classes are looked at as new ones, too', () => {
  for (const [resource, old, now, expected] of changed)
    it(resource.kind.gvk.kind, () => {
      const faults = resource.strategy.validateUpdate?.(now as never, old as never) ?? []
      assert.deepEqual(
        faults.map(({ field, message }) => `${field}: ${message}`),
        expected,
      )
    })
})
