import {
  forbiddenField,
  immutable,
  invalidValue,
  invalidValues,
  notSupported,
  required,
} from '../../../machinery/field-errors.js'
import { jsonEqual } from '../../../machinery/json-equal.js'
import { qualifiedName } from '../../../machinery/names.js'
import { type FieldPath, root } from '../../../machinery/path.js'
import { compareQuantities } from '../../../machinery/quantity.js'
import { type Resource, resource, statusView } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import type { Draft } from '../../../schema/index.js'
import { ageColumn, nameColumn, textColumn, unset } from '../../columns.js'
import { unchanged } from '../../field-rules.js'
import { objectDiff } from '../../object-diff.js'
import { keepStatus } from '../../status-apart.js'
import { accessModesText, storageClassOf } from './claim-cells.js'
import { basicQuantity, validateClaimSpec } from './claim-validation.js'
import { PersistentVolumeClaim, PersistentVolumeClaimSpec } from './persistent-volume-claim.js'
import { isNativeResource } from './resource-quantities.js'
import { defaultClaimSpec } from './volume-defaults.js'
import { claimSpecWarnings } from './volume-warnings.js'

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
      dropForeignSource(draft.spec)
      alignDataSources(draft.spec)
    },
    prepareForUpdate(draft, old) {
      keepStatus(draft, old)
      if (!old.spec.dataSourceRef) dropForeignSource(draft.spec)
      if (!old.spec.dataSource && !old.spec.dataSourceRef) alignDataSources(draft.spec)
    },
    validate: ({ spec }) => validateClaimSpec(spec, root.child('spec')),
    validateUpdate,
    metadataLooks: { asNew: 1 },
    warnings({ metadata, spec }) {
      const warnings: string[] = []
      for (const kind of ['class', 'provisioner']) {
        const key = `volume.beta.kubernetes.io/storage-${kind}`
        if (metadata.annotations?.[key] !== undefined)
          warnings.push(
            `metadata.annotations[${key}]: deprecated since v1.8; use "${kind === 'class' ? 'storageClassName' : 'volume.kubernetes.io/storage-provisioner'}" attribute instead`,
          )
      }
      return [...warnings, ...claimSpecWarnings(spec, at)]
    },
  },
})

type Source = NonNullable<PersistentVolumeClaimSpec['dataSource']>

/** v1.36 has sources in other namespaces switched off (CrossNamespaceVolumeDataSource). */
function dropForeignSource(spec: Draft<PersistentVolumeClaimSpec>): void {
  if (spec.dataSourceRef?.namespace) delete spec.dataSourceRef
}

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

const classAnnotation = 'volume.beta.kubernetes.io/storage-class'

function validateUpdate(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  const errors = validateClaimSpec(claim.spec, at)
  const annotated = old.metadata.annotations?.[classAnnotation]
  const className = claim.metadata.annotations?.[classAnnotation]
  // The class moves from the annotation, or from nowhere, to the field, once.
  const named = old.spec.storageClassName === undefined && claim.spec.storageClassName !== undefined
  const moved = named && claim.spec.storageClassName === annotated
  const filled = named && annotated === undefined
  if (!(moved && (className === undefined || className === annotated)) && className !== annotated)
    errors.push(invalidValue(root.child('metadata', 'annotations', classAnnotation), className ?? '', immutable))
  const bound = claim.status.phase === 'Bound'
  const expected = expectedSpec(claim.spec, old.spec, bound, moved || filled)
  // A claim without a volume may be given one.
  const was = old.spec.volumeName ? old.spec : ({ ...old.spec, volumeName: claim.spec.volumeName } as typeof old.spec)
  if (!jsonEqual(expected, was))
    errors.push(
      forbiddenField(
        at,
        `spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n${objectDiff(PersistentVolumeClaimSpec, was, expected)}`,
      ),
    )
  const size = claim.spec.resources.requests?.['storage'] ?? '0'
  const before = old.spec.resources.requests?.['storage'] ?? '0'
  if (compareQuantities(size, before) < 0)
    if (compareQuantities(size, old.status.capacity?.['storage'] ?? '0') <= 0)
      errors.push(
        forbiddenField(at.child('resources', 'requests', 'storage'), 'field can not be less than status.capacity'),
      )
  errors.push(...unchanged(claim.spec.volumeMode, old.spec.volumeMode, root.child('volumeMode')))
  const attributes = claim.spec.volumeAttributesClassName
  // A class may be taken back as long as the volume has never had it.
  if (
    old.status.currentVolumeAttributesClassName !== undefined &&
    !attributes &&
    attributes !== old.spec.volumeAttributesClassName
  )
    errors.push(
      forbiddenField(
        at.child('volumeAttributesClassName'),
        `update to ${attributes === undefined ? 'nil' : 'empty string'} is forbidden when status.currentVolumeAttributesClassName is not nil`,
      ),
    )
  return errors
}

/** The new spec with everything as it was that may change. */
function expectedSpec(
  spec: PersistentVolumeClaimSpec,
  old: PersistentVolumeClaimSpec,
  bound: boolean,
  classNamed: boolean,
): PersistentVolumeClaimSpec {
  const { storageClassName: _class, volumeAttributesClassName: _attributes, ...rest } = spec
  const keep = <K extends keyof PersistentVolumeClaimSpec>(field: K, from: PersistentVolumeClaimSpec) =>
    from[field] === undefined ? {} : { [field]: from[field] }
  const { storage: _, ...requests } = spec.resources.requests ?? {}
  const storage = old.resources.requests?.['storage']
  return {
    ...rest,
    ...keep('storageClassName', classNamed ? old : spec),
    ...keep('volumeAttributesClassName', bound ? old : spec),
    ...(bound && spec.resources.requests
      ? { resources: { ...spec.resources, requests: storage === undefined ? requests : { ...requests, storage } } }
      : {}),
  }
}

const resizeStates = [
  'ControllerResizeInProgress',
  'ControllerResizeInfeasible',
  'NodeResizePending',
  'NodeResizeInProgress',
  'NodeResizeInfeasible',
].sort()

function validateStatus({ status, spec }: PersistentVolumeClaim): FieldError[] {
  const here = root.child('status')
  const errors: FieldError[] = []
  if (!spec.accessModes?.length) errors.push(required(root.child('Spec', 'accessModes')))
  for (const [name, quantity] of Object.entries(status.capacity ?? {}))
    errors.push(...basicQuantity(quantity, here.child('capacity').key(name)))
  for (const [name, state] of Object.entries(status.allocatedResourceStatuses ?? {})) {
    const states = here.child('allocatedResourceStatus')
    errors.push(...validateStorageName(name, states))
    if (!resizeStates.includes(state)) errors.push(notSupported(states, name, resizeStates))
  }
  for (const [name, quantity] of Object.entries(status.allocatedResources ?? {})) {
    const named = validateStorageName(name, here.child('allocatedResources'))
    errors.push(...(named.length > 0 ? named : basicQuantity(quantity, here.child('allocatedResources').key(name))))
  }
  return errors
}

/** Of Kubernetes' own resources, claims have storage alone. */
function validateStorageName(name: string, here: FieldPath): FieldError[] {
  const errors = invalidValues(here, name, qualifiedName(name))
  if (errors.length > 0 || !isNativeResource(name) || name === 'storage') return errors
  return [notSupported(here, name, ['storage'])]
}
