import { forbiddenField, invalidValue, invalidValues, required, Shown } from '../../../machinery/field-errors.js'
import { goJson } from '../../../machinery/go-format.js'
import { jsonEqual } from '../../../machinery/json-equal.js'
import { dns1123Label } from '../../../machinery/names.js'
import { type FieldPath, root } from '../../../machinery/path.js'
import { type Resource, resource, statusView } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import type { Draft } from '../../../schema/index.js'
import { ageColumn, containerColumns, nameColumn, textColumn } from '../../columns.js'
import { validateClaimSpec } from '../../core/v1/claim-validation.js'
import { defaultPodSpec } from '../../core/v1/pod-defaults.js'
import { validateLastingTemplate, validateSelected } from '../../core/v1/validate-pod.js'
import { defaultClaimSpec } from '../../core/v1/volume-defaults.js'
import { claimSpecWarnings } from '../../core/v1/volume-warnings.js'
import { atMostAll, countOrPercent, isNone, nonNegative, oneOf } from '../../field-rules.js'
import { keepStatus } from '../../status-apart.js'
import { validateWorkloadSelector } from '../../workload-selectors.js'
import { StatefulSet, type StatefulSetSpec, type StatefulSetUpdateStrategy } from './stateful-set.js'
import { templateWarnings, validateCollisions, workloadScale } from './workload.js'

export const statefulSets: Resource<StatefulSet> = resource(StatefulSet, {
  shortNames: ['sts'],
  categories: ['all'],
  columns: [
    nameColumn,
    textColumn('Ready', ({ spec, status }) => `${status.readyReplicas ?? 0}/${spec.replicas ?? 0}`, {
      description: 'Number of the pod with ready state',
    }),
    ageColumn,
    ...containerColumns<StatefulSet>(({ spec }) => spec.template.spec),
  ],
  subresources: [workloadScale<StatefulSet>(), statusView({ validateUpdate: validateStatus })],
  defaults({ spec }) {
    spec.podManagementPolicy ||= 'OrderedReady'
    if (!spec.updateStrategy.type) {
      spec.updateStrategy.type = 'RollingUpdate'
      spec.updateStrategy.rollingUpdate ??= { partition: 0 }
    }
    if (spec.updateStrategy.type === 'RollingUpdate' && spec.updateStrategy.rollingUpdate)
      spec.updateStrategy.rollingUpdate.partition ??= 0
    const retention = (spec.persistentVolumeClaimRetentionPolicy ??= {})
    retention.whenDeleted ||= 'Retain'
    retention.whenScaled ||= 'Retain'
    spec.replicas ??= 1
    spec.revisionHistoryLimit ??= 10
    defaultPodSpec(spec.template.spec)
    for (const claim of spec.volumeClaimTemplates ?? []) {
      claim.apiVersion = 'v1'
      claim.kind = 'PersistentVolumeClaim'
      claim.status.phase ||= 'Pending'
      defaultClaimSpec(claim.spec)
    }
  },
  strategy: {
    resetFields: ['status'],
    prepareForCreate(draft) {
      draft.status = { replicas: 0, availableReplicas: 0 }
      dropMaxUnavailable(draft, undefined)
    },
    prepareForUpdate(draft, old) {
      keepStatus(draft, old)
      dropMaxUnavailable(draft, old)
    },
    generation: true,
    nameErrors: dns1123Label,
    validate: ({ spec }) => validateSpec(spec, true),
    validateUpdate: (set, old) => [...validateSpec(set.spec, false), ...validateChange(set, old)],
    warnings: (set, old) => [
      ...templateWarnings(set, old, set.spec.template),
      // Upstream writes one step of the path in another way for changed sets.
      ...(set.spec.volumeClaimTemplates ?? []).flatMap(({ spec }, i) => {
        const claim = at.child('volumeClaimTemplates').index(i)
        return claimSpecWarnings(spec, old ? claim.child('Spec') : claim)
      }),
      ...((set.spec.revisionHistoryLimit ?? 0) < 0
        ? ['spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended']
        : []),
    ],
  },
})

/** v1.36 has this switched off (MaxUnavailableStatefulSet): it is only kept where it is used already. */
function dropMaxUnavailable({ spec }: Draft<StatefulSet>, old: StatefulSet | undefined): void {
  const { rollingUpdate } = spec.updateStrategy
  if (rollingUpdate && old?.spec.updateStrategy.rollingUpdate?.maxUnavailable === undefined)
    delete rollingUpdate.maxUnavailable
}

const at = root.child('spec')

/** Of changed sets, what cannot change is not looked at. */
function validateSpec(spec: StatefulSetSpec, isNew: boolean): FieldError[] {
  const errors: FieldError[] = []
  const policy = at.child('podManagementPolicy')
  if (!spec.podManagementPolicy) errors.push(required(policy))
  else if (spec.podManagementPolicy !== 'OrderedReady' && spec.podManagementPolicy !== 'Parallel')
    errors.push(invalidValue(policy, spec.podManagementPolicy, "must be 'OrderedReady' or 'Parallel'"))
  errors.push(...validateStrategy(spec.updateStrategy, at.child('updateStrategy')))
  const retention = at.child('persistentVolumeClaimRetentionPolicy')
  for (const field of ['whenDeleted', 'whenScaled'] as const)
    errors.push(
      ...oneOf(spec.persistentVolumeClaimRetentionPolicy?.[field], ['Retain', 'Delete'], retention.child(field)),
    )
  if (isNew)
    spec.volumeClaimTemplates?.forEach((claim, i) => {
      errors.push(...validateClaimSpec(claim.spec, at.child('volumeClaimTemplates').index(i).child('spec')))
    })
  errors.push(
    ...nonNegative(spec.replicas, at.child('replicas')),
    ...nonNegative(spec.minReadySeconds, at.child('minReadySeconds')),
    ...nonNegative(spec.ordinals?.start, at.child('ordinals', 'start')),
  )
  const { serviceName } = spec
  if (isNew && serviceName)
    errors.push(...invalidValues(at.child('serviceName'), serviceName, dns1123Label(serviceName)))
  const { errors: faults, usable } = validateWorkloadSelector(spec.selector, 'statefulset', at.child('selector'), '')
  errors.push(...faults)
  const here = at.child('template')
  if (usable) errors.push(...validateSelected(usable, spec.template, here))
  return [...errors, ...validateLastingTemplate(withClaims(spec), 'StatefulSet', here)]
}

/** The template with the volumes that its pods get from claims: containers mount them as they do others. */
function withClaims({ template, volumeClaimTemplates = [] }: StatefulSetSpec): StatefulSetSpec['template'] {
  const own = new Set(template?.spec.volumes?.map(({ name }) => name))
  const claimed = volumeClaimTemplates.flatMap(({ metadata: { name = '' } }) =>
    own.has(name) ? [] : [{ name, persistentVolumeClaim: { claimName: name } }],
  )
  if (claimed.length === 0) return template
  return { ...template, spec: { ...template.spec, volumes: [...(template.spec.volumes ?? []), ...claimed] } }
}

function validateStrategy(strategy: StatefulSetUpdateStrategy, here: FieldPath): FieldError[] {
  const { type, rollingUpdate } = strategy
  const rolling = here.child('rollingUpdate')
  if (!type) return [required(here)]
  const shown = rollingUpdate && {
    Partition: rollingUpdate.partition ?? 0,
    MaxUnavailable: rollingUpdate.maxUnavailable ?? null,
  }
  if (type === 'OnDelete')
    return shown
      ? [invalidValue(rolling, new Shown(goJson(shown)), "only allowed for updateStrategy 'RollingUpdate'")]
      : []
  if (type !== 'RollingUpdate')
    return [
      invalidValue(
        here,
        new Shown(goJson({ Type: type, RollingUpdate: shown ?? null })),
        "must be 'RollingUpdate' or 'OnDelete'",
      ),
    ]
  if (!rollingUpdate) return []
  const { partition, maxUnavailable } = rollingUpdate
  const unavailable = rolling.child('maxUnavailable')
  const errors = [...nonNegative(partition, rolling.child('partition')), ...countOrPercent(maxUnavailable, unavailable)]
  if (maxUnavailable !== undefined && isNone(maxUnavailable))
    errors.push(invalidValue(unavailable, maxUnavailable, 'cannot be 0'))
  return [...errors, ...atMostAll(maxUnavailable, unavailable)]
}

const changeable = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
] as const

function validateChange({ spec }: StatefulSet, { spec: old }: StatefulSet): FieldError[] {
  const fixed = (value: StatefulSetSpec): object => ({
    ...value,
    ...Object.fromEntries(changeable.map(field => [field, undefined])),
  })
  if (jsonEqual(fixed(spec), fixed(old))) return []
  const names = changeable.map(field => `'${field}'`)
  return [
    forbiddenField(
      at,
      `updates to statefulset spec for fields other than ${names.slice(0, -1).join(', ')} and ${names.at(-1)} are forbidden`,
    ),
  ]
}

function validateStatus({ status }: StatefulSet, old: StatefulSet): FieldError[] {
  const here = root.child('status')
  const errors: FieldError[] = []
  for (const field of [
    'replicas',
    'readyReplicas',
    'currentReplicas',
    'updatedReplicas',
    'availableReplicas',
    'observedGeneration',
    'collisionCount',
  ] as const)
    errors.push(...nonNegative(status[field], here.child(field)))
  const { replicas, readyReplicas = 0, availableReplicas } = status
  for (const field of ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'] as const)
    if ((status[field] ?? 0) > replicas)
      errors.push(invalidValue(here.child(field), status[field], 'cannot be greater than status.replicas'))
  if (availableReplicas > readyReplicas)
    errors.push(
      invalidValue(here.child('availableReplicas'), availableReplicas, 'cannot be greater than status.readyReplicas'),
    )
  return [...errors, ...validateCollisions(status, old.status)]
}
