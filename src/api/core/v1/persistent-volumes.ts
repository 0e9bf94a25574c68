import { posix } from 'node:path'
import { rfc3339 } from '../../../machinery/clock.js'
import {
  forbiddenField,
  immutable,
  invalidValue,
  notSupported,
  required,
  sortedMap,
} from '../../../machinery/field-errors.js'
import { jsonEqual } from '../../../machinery/json-equal.js'
import { type FieldPath, root } from '../../../machinery/path.js'
import { type Resource, resource, statusView } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { ageColumn, nameColumn, textColumn, unset } from '../../columns.js'
import { oneOf, positiveQuantity, subdomainName, unchanged } from '../../field-rules.js'
import { shownInternally } from '../../internal-form.js'
import { objectDiff } from '../../object-diff.js'
import { keepStatus } from '../../status-apart.js'
import { accessModesText, storageClassOf } from './claim-cells.js'
import { basicQuantity, validateAccessModes } from './claim-validation.js'
import { PersistentVolume, VolumeNodeAffinity } from './persistent-volume.js'
import { PersistentVolumeSource } from './persistent-volume-source.js'
import { nodeTermWarnings } from './pod-warnings.js'
import { validateNoBacksteps } from './validate-paths.js'
import { validateNodeSelector } from './validate-scheduling.js'
import { oneSource, type Rules, sharedRules } from './validate-volume-plugins.js'
import { storageClass } from './volume-annotations.js'

export const persistentVolumes: Resource<PersistentVolume> = resource(PersistentVolume, {
  shortNames: ['pv'],
  deleteAnswersObject: true,
  columns: [
    nameColumn,
    textColumn('Capacity', ({ spec }) => spec.capacity?.['storage'] ?? '0', { field: 'spec.capacity' }),
    textColumn('Access Modes', ({ spec }) => accessModesText(spec.accessModes), { field: 'spec.accessModes' }),
    textColumn('Reclaim Policy', ({ spec }) => spec.persistentVolumeReclaimPolicy ?? '', {
      field: 'spec.persistentVolumeReclaimPolicy',
    }),
    textColumn(
      'Status',
      ({ metadata, status }) => (metadata.deletionTimestamp ? 'Terminating' : (status.phase ?? '')),
      {
        field: 'status.phase',
      },
    ),
    textColumn('Claim', ({ spec: { claimRef } }) => (claimRef ? `${claimRef.namespace}/${claimRef.name}` : ''), {
      field: 'spec.claimRef',
    }),
    textColumn('StorageClass', ({ metadata, spec }) => storageClassOf(metadata, spec), {
      description: 'StorageClass of the pv',
    }),
    textColumn('VolumeAttributesClass', ({ spec }) => spec.volumeAttributesClassName ?? unset, {
      description: 'VolumeAttributesClass of the pv',
    }),
    textColumn('Reason', ({ status }) => status.reason ?? '', { field: 'status.reason' }),
    ageColumn,
    textColumn('VolumeMode', ({ spec }) => spec.volumeMode ?? unset, { wide: true, field: 'spec.volumeMode' }),
  ],
  subresources: [
    statusView({
      prepareForUpdate({ status }, old, { now }) {
        const { phase, lastPhaseTransitionTime } = old.status
        if (status.phase !== phase) {
          if (!status.lastPhaseTransitionTime || status.lastPhaseTransitionTime === lastPhaseTransitionTime)
            status.lastPhaseTransitionTime = rfc3339(now)
        } else if (lastPhaseTransitionTime && !status.lastPhaseTransitionTime)
          status.lastPhaseTransitionTime = lastPhaseTransitionTime
      },
    }),
  ],
  defaults({ spec, status }) {
    status.phase ||= 'Pending'
    spec.persistentVolumeReclaimPolicy ||= 'Retain'
    spec.volumeMode ??= 'Filesystem'
    if (spec.hostPath) spec.hostPath.type ??= ''
  },
  strategy: {
    resetFields: ['status'],
    prepareForCreate(draft, { now }) {
      draft.status = { phase: 'Pending', lastPhaseTransitionTime: rfc3339(now) }
    },
    prepareForUpdate: keepStatus,
    validate,
    validateUpdate,
    metadataLooks: { asChanged: 0, asNew: 2 },
    warnings({ metadata, spec }) {
      const warnings: string[] = []
      if (metadata.annotations?.[storageClass] !== undefined)
        warnings.push(
          `${root.child('metadata', 'annotations').key(storageClass)}: deprecated since v1.8; use "storageClassName" attribute instead`,
        )
      if (spec.persistentVolumeReclaimPolicy === 'Recycle')
        warnings.push(
          'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
        )
      const terms = at.child('nodeAffinity', 'required', 'nodeSelectorTerms')
      spec.nodeAffinity?.required?.nodeSelectorTerms.forEach((term, i) => {
        warnings.push(...nodeTermWarnings(term, false, terms.index(i)))
      })
      for (const [source, why] of Object.entries(oldSources))
        if (spec[source as keyof PersistentVolumeSource])
          warnings.push(`spec.${source === 'storageos' ? 'storageOS' : source}: ${why}`)
      return warnings
    },
  },
})

const oldSources = {
  cephfs: 'deprecated in v1.28, non-functional in v1.31+',
  photonPersistentDisk: 'deprecated in v1.11, non-functional in v1.16+',
  scaleIO: 'deprecated in v1.16, non-functional in v1.22+',
  storageos: 'deprecated in v1.22, non-functional in v1.25+',
  glusterfs: 'deprecated in v1.25, non-functional in v1.26+',
  rbd: 'deprecated in v1.28, non-functional in v1.31+',
}

const at = root.child('spec')

const shared = sharedRules(true)

/** In the order in which upstream looks for them: of two sources the later one is too many. */
const rules: Rules<Required<PersistentVolumeSource>> = {
  hostPath: shared.hostPath,
  gcePersistentDisk: shared.gcePersistentDisk,
  awsElasticBlockStore: shared.awsElasticBlockStore,
  glusterfs: shared.glusterfs,
  flocker: shared.flocker,
  nfs: shared.nfs,
  rbd: shared.rbd,
  quobyte: shared.quobyte,
  cephfs: shared.cephfs,
  iscsi: shared.iscsi,
  cinder: shared.cinder,
  fc: shared.fc,
  flexVolume: shared.flexVolume,
  azureFile: shared.azureFile,
  vsphereVolume: shared.vsphereVolume,
  photonPersistentDisk: shared.photonPersistentDisk,
  portworxVolume: shared.portworxVolume,
  azureDisk: shared.azureDisk,
  scaleIO: shared.scaleIO,
  local: ({ path }, here) => (path ? validateNoBacksteps(path, here.child('path')) : [required(here.child('path'))]),
  storageos: shared.storageos,
  csi: shared.csi,
}

const validateSource = oneSource(rules)

/** Fields that a volume described in place has not, and the values that others must have. */
const absentInline = ['claimRef', 'capacity', 'nodeAffinity', 'storageClassName'] as const

/** A volume that an attachment describes in place of naming it. */
export function validateInlineVolume(spec: PersistentVolume['spec'], here: FieldPath): FieldError[] {
  const context = 'in the context of inline volumes'
  const { persistentVolumeReclaimPolicy: policy, volumeMode } = spec
  const errors = absentInline.flatMap(field =>
    spec[field] && Object.keys(spec[field]).length > 0
      ? [forbiddenField(here.child(field), `may not be specified ${context}`)]
      : [],
  )
  if (!spec.csi) errors.push(required(here.child('csi'), `has to be specified ${context}`))
  errors.push(...validateAccessModes(spec.accessModes, here.child('accessModes')))
  if (policy && policy !== 'Retain')
    errors.push(forbiddenField(here.child('persistentVolumeReclaimPolicy'), `may only be Retain ${context}`))
  errors.push(...validateSource(spec, { volume: '' }, here))
  if (volumeMode !== undefined && volumeMode !== 'Filesystem')
    errors.push(forbiddenField(here.child('volumeMode'), `may not specify volumeMode other than Filesystem ${context}`))
  return errors
}

function validate({ metadata, spec }: PersistentVolume): FieldError[] {
  const { capacity = {}, storageClassName, volumeMode, nodeAffinity, volumeAttributesClassName } = spec
  const errors = validateAccessModes(spec.accessModes, at.child('accessModes'))
  const names = Object.keys(capacity)
  if (names.length === 0) errors.push(required(at.child('capacity')))
  if (capacity['storage'] === undefined || names.length > 1)
    errors.push(notSupported(at.child('capacity'), sortedMap(spec.capacity), ['storage']))
  for (const [name, quantity] of Object.entries(capacity))
    errors.push(
      ...basicQuantity(quantity, at.child('capacity').key(name)),
      ...positiveQuantity(quantity, at.child('capacity').key(name)),
    )
  const policy = spec.persistentVolumeReclaimPolicy
  errors.push(...oneOf(policy, ['Delete', 'Recycle', 'Retain'], at.child('persistentVolumeReclaimPolicy')))
  const affinity = at.child('nodeAffinity')
  if (nodeAffinity)
    errors.push(
      ...(nodeAffinity.required
        ? validateNodeSelector(nodeAffinity.required, affinity.child('required'))
        : [required(affinity.child('required'), 'must specify required node constraints')]),
    )
  errors.push(...validateSource(spec, { volume: metadata.name ?? '' }, at))
  if (spec.local && !nodeAffinity) errors.push(required(affinity, 'Local volume requires node affinity'))
  if (policy === 'Recycle' && spec.hostPath && posix.normalize(spec.hostPath.path) === '/')
    errors.push(
      forbiddenField(at.child('persistentVolumeReclaimPolicy'), "may not be 'recycle' for a hostPath mount of '/'"),
    )
  if (storageClassName) errors.push(...subdomainName(storageClassName, at.child('storageClassName')))
  errors.push(...oneOf(volumeMode, ['Block', 'Filesystem'], at.child('volumeMode')))
  if (volumeAttributesClassName !== undefined) {
    const here = at.child('volumeAttributesClassName')
    if (!volumeAttributesClassName) errors.push(required(here, 'an empty string is disallowed'))
    else errors.push(...subdomainName(volumeAttributesClassName, here))
    if (!spec.csi) errors.push(required(at.child('csi'), 'has to be specified when using volumeAttributesClassName'))
  }
  return errors
}

const sourceOf = (spec: PersistentVolume['spec']): PersistentVolumeSource =>
  Object.fromEntries(
    Object.entries(spec).filter(([field]) => Object.hasOwn(PersistentVolumeSource.fields, field)),
  ) as PersistentVolumeSource

/** The reference to a secret for expansion may be added to a volume later; nothing else of its source changes. */
function withAddedSecret(now: PersistentVolumeSource, old: PersistentVolumeSource): PersistentVolumeSource {
  if (!now.csi || !old.csi) return old
  const { controllerExpandSecretRef: added } = now.csi
  return added && !old.csi.controllerExpandSecretRef
    ? { ...old, csi: { ...old.csi, controllerExpandSecretRef: added } }
    : old
}

function validateUpdate(volume: PersistentVolume, old: PersistentVolume): FieldError[] {
  // Upstream looks at a changed volume twice and tells of each fault twice.
  const errors = [...validate(volume), ...validate(volume)]
  const source = sourceOf(volume.spec)
  const before = sourceOf(old.spec)
  if (!jsonEqual(source, withAddedSecret(source, before)))
    errors.push(
      forbiddenField(
        at.child('persistentvolumesource'),
        `spec.persistentvolumesource is immutable after creation\n${objectDiff(PersistentVolumeSource, before, source)}`,
      ),
    )
  errors.push(...unchanged(volume.spec.volumeMode, old.spec.volumeMode, root.child('volumeMode')))
  if (old.spec.nodeAffinity && !jsonEqual(volume.spec.nodeAffinity, withCurrentLabels(old, volume)))
    errors.push(
      invalidValue(
        root.child('nodeAffinity'),
        volume.spec.nodeAffinity ? shownInternally(VolumeNodeAffinity, volume.spec.nodeAffinity) : null,
        `${immutable}, except for updating from beta label to GA`,
      ),
    )
  if (old.spec.volumeAttributesClassName !== undefined && volume.spec.volumeAttributesClassName === undefined)
    errors.push(forbiddenField(at.child('volumeAttributesClassName'), 'update from non-nil value to nil is forbidden'))
  return errors
}

/** Labels of nodes that have other names by now. */
const renamedLabels: { readonly [label: string]: string } = {
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
  'beta.kubernetes.io/os': 'kubernetes.io/os',
  'beta.kubernetes.io/arch': 'kubernetes.io/arch',
  'beta.kubernetes.io/instance-type': 'node.kubernetes.io/instance-type',
}

/** The old affinity, with those labels by their new names that the new one has by them. */
function withCurrentLabels(
  { spec: { nodeAffinity: old } }: PersistentVolume,
  { spec: { nodeAffinity: now } }: PersistentVolume,
) {
  const terms = old?.required?.nodeSelectorTerms?.map((term, i) => {
    const current = now?.required?.nodeSelectorTerms?.[i]
    const list = (name: 'matchExpressions' | 'matchFields') =>
      term[name]?.map((requirement, j) => {
        const key = current?.[name]?.[j]?.key
        return key !== undefined && renamedLabels[requirement.key] === key ? { ...requirement, key } : requirement
      })
    const [matchExpressions, matchFields] = [list('matchExpressions'), list('matchFields')]
    return { ...(matchExpressions ? { matchExpressions } : {}), ...(matchFields ? { matchFields } : {}) }
  })
  return terms ? { ...old, required: { ...old?.required, nodeSelectorTerms: terms } } : old
}
