import { forbiddenField, invalidValue, required } from '../../../machinery/field-errors.js'
import { jsonEqual } from '../../../machinery/json-equal.js'
import { root } from '../../../machinery/path.js'
import { compareQuantities } from '../../../machinery/quantity.js'
import { type Resource, resource, statusView } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import type { Draft } from '../../../schema/index.js'
import { ageColumn, nameColumn, textColumn, unset } from '../../columns.js'
import { nonNegativeQuantity, unchanged } from '../../field-rules.js'
import { objectDiff } from '../../object-diff.js'
import { keepStatus } from '../../status-apart.js'
import { accessModesText, storageClassOf } from './claim-cells.js'
import { validateClaimSpec } from './claim-validation.js'
import { PersistentVolumeClaim, type PersistentVolumeClaimSpec } from './persistent-volume-claim.js'
import { defaultClaimSpec } from './volume-defaults.js'

export const persistentVolumeClaims: Resource<PersistentVolumeClaim> = resource(PersistentVolumeClaim, {
  shortNames: ['pvc'],
  deleteAnswersObject: true,
  columns: [
    nameColumn,
    textColumn(
      'Status',
      ({ metadata, status }) => (metadata.deletionTimestamp ? 'Terminating' : (status.phase ?? '')),
      {
        field: 'status.phase',
      },
    ),
    textColumn('Volume', ({ spec }) => spec.volumeName ?? '', { field: 'spec.volumeName' }),
    textColumn('Capacity', ({ spec, status }) => (spec.volumeName ? (status.capacity?.['storage'] ?? '0') : ''), {
      field: 'status.capacity',
    }),
    textColumn('Access Modes', ({ spec, status }) => (spec.volumeName ? accessModesText(status.accessModes) : ''), {
      field: 'status.accessModes',
    }),
    textColumn('StorageClass', ({ metadata, spec }) => storageClassOf(metadata, spec), {
      description: 'StorageClass of the pvc',
    }),
    textColumn('VolumeAttributesClass', ({ spec }) => spec.volumeAttributesClassName ?? unset, {
      description: 'VolumeAttributesClass of the pvc',
    }),
    ageColumn,
    textColumn('VolumeMode', ({ spec }) => spec.volumeMode ?? unset, { wide: true, field: 'spec.volumeMode' }),
  ],
  subresources: [statusView({ validateUpdate: validateStatus })],
  defaults({ spec, status }) {
    status.phase ||= 'Pending'
    defaultClaimSpec(spec)
  },
  strategy: {
    resetFields: ['status'],
    prepareForCreate(draft) {
      draft.status = { phase: 'Pending' }
      alignDataSources(draft.spec)
    },
    prepareForUpdate(draft, old) {
      keepStatus(draft, old)
      if (!old.spec.dataSource && !old.spec.dataSourceRef) alignDataSources(draft.spec)
    },
    validate: ({ spec }) => validateClaimSpec(spec, root.child('spec')),
    validateUpdate,
    warnings({ metadata, spec }) {
      const warnings: string[] = []
      for (const kind of ['class', 'provisioner']) {
        const key = `volume.beta.kubernetes.io/storage-${kind}`
        if (metadata.annotations?.[key] !== undefined)
          warnings.push(
            `metadata.annotations[${key}]: deprecated since v1.8; use "${kind === 'class' ? 'storageClassName' : 'volume.kubernetes.io/storage-provisioner'}" attribute instead`,
          )
      }
      const storage = spec.resources.requests?.['storage']
      if (storage?.endsWith('m'))
        warnings.push(
          `spec.resources.requests[storage]: fractional byte value "${storage}" is invalid, must be an integer`,
        )
      return warnings
    },
  },
})

type Source = NonNullable<PersistentVolumeClaimSpec['dataSource']>

/** The older of the two fields only knows claims and snapshots; where they can, both say the same. */
function alignDataSources(spec: Draft<PersistentVolumeClaimSpec>): void {
  if (spec.dataSource && !isKnownSource(spec.dataSource)) delete spec.dataSource
  if (spec.dataSource && !spec.dataSourceRef) spec.dataSourceRef = { ...spec.dataSource }
  else if (!spec.dataSource && spec.dataSourceRef && !spec.dataSourceRef.namespace) {
    const { apiGroup = null, kind, name } = spec.dataSourceRef
    spec.dataSource = { apiGroup, kind, name }
  }
}

const isKnownSource = ({ kind, apiGroup }: Source): boolean =>
  (kind === 'PersistentVolumeClaim' && !apiGroup) ||
  (kind === 'VolumeSnapshot' && apiGroup === 'snapshot.storage.k8s.io')

const at = root.child('spec')

function validateUpdate(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  const errors = validateClaimSpec(claim.spec, at)
  const bound = claim.status.phase === 'Bound'
  const { requests } = old.spec.resources
  const expected = {
    ...claim.spec,
    volumeAttributesClassName: old.spec.volumeAttributesClassName,
    // The binder fills in the volume; a default class may come late.
    ...(old.spec.volumeName ? {} : { volumeName: old.spec.volumeName }),
    ...(old.spec.storageClassName === undefined && !bound ? { storageClassName: undefined } : {}),
    ...(bound ? { resources: { ...claim.spec.resources, requests } } : {}),
  }
  if (!jsonEqual(expected, old.spec))
    errors.push(
      forbiddenField(
        at,
        `spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n${objectDiff(old.spec, expected)}`,
      ),
    )
  const size = claim.spec.resources.requests?.['storage']
  const before = requests?.['storage']
  const capacity = old.status.capacity?.['storage']
  if (size !== undefined && before !== undefined && compareQuantities(size, before) < 0)
    if (capacity === undefined || compareQuantities(size, capacity) <= 0)
      errors.push(
        forbiddenField(at.child('resources', 'requests', 'storage'), 'field can not be less than status.capacity'),
      )
  errors.push(...unchanged(claim.spec.volumeMode, old.spec.volumeMode, root.child('volumeMode')))
  const className = claim.spec.volumeAttributesClassName
  const oldClass = old.spec.volumeAttributesClassName
  if (className !== oldClass && oldClass && !className)
    errors.push(forbiddenField(at.child('volumeAttributesClassName'), 'update from non-nil value to nil is forbidden'))
  return errors
}

function validateStatus({ status }: PersistentVolumeClaim): FieldError[] {
  const here = root.child('status')
  const errors: FieldError[] = []
  for (const list of ['capacity', 'allocatedResources'] as const)
    for (const [name, quantity] of Object.entries(status[list] ?? {})) {
      errors.push(...nonNegativeQuantity(quantity, here.child(list).key(name)))
      if (list === 'allocatedResources' && name !== 'storage' && !name.includes('/'))
        errors.push(
          invalidValue(here.child(list).key(name), name, 'must be a standard resource type or fully qualified'),
        )
    }
  status.conditions?.forEach(({ type }, i) => {
    if (!type) errors.push(required(here.child('conditions').index(i).child('type')))
  })
  return errors
}
