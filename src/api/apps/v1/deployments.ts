import { forbiddenField, invalidValue, notSupported, required, Shown } from '../../../machinery/field-errors.js'
import { goJson } from '../../../machinery/go-format.js'
import { jsonEqual } from '../../../machinery/json-equal.js'
import { printLabelSelector } from '../../../machinery/labels.js'
import { type FieldPath, root } from '../../../machinery/path.js'
import { type Resource, resource, statusView } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { ageColumn, containerColumns, nameColumn, textColumn } from '../../columns.js'
import { defaultPodSpec } from '../../core/v1/pod-defaults.js'
import { validateLastingTemplate, validateSelected } from '../../core/v1/validate-pod.js'
import { atMostAll, countOrPercent, isNone, nonNegative, unchanged } from '../../field-rules.js'
import { keepStatus, statusApart } from '../../status-apart.js'
import { validateWorkloadSelector } from '../../workload-selectors.js'
import { Deployment, type DeploymentStrategy } from './deployment.js'
import { nameWarnings, templateWarnings, validateCollisions, workloadScale } from './workload.js'

export const deployments: Resource<Deployment> = resource(Deployment, {
  shortNames: ['deploy'],
  categories: ['all'],
  columns: [
    nameColumn,
    textColumn('Ready', ({ spec, status }) => `${status.readyReplicas ?? 0}/${spec.replicas ?? 0}`, {
      description: 'Number of the pod with ready state',
    }),
    textColumn('Up-to-date', ({ status }) => status.updatedReplicas ?? 0, { field: 'status.updatedReplicas' }),
    textColumn('Available', ({ status }) => status.availableReplicas ?? 0, { field: 'status.availableReplicas' }),
    ageColumn,
    ...containerColumns<Deployment>(({ spec }) => spec.template.spec),
    textColumn('Selector', ({ spec }) => printLabelSelector(spec.selector), { wide: true, field: 'spec.selector' }),
  ],
  subresources: [
    workloadScale<Deployment>(),
    statusView({ keepsMetadata: ['labels'], validateUpdate: validateStatus }),
  ],
  defaults({ spec }) {
    spec.replicas ??= 1
    spec.revisionHistoryLimit ??= 10
    spec.progressDeadlineSeconds ??= 600
    spec.strategy.type ||= 'RollingUpdate'
    if (spec.strategy.type === 'RollingUpdate') {
      spec.strategy.rollingUpdate ??= {}
      spec.strategy.rollingUpdate.maxUnavailable ??= '25%'
      spec.strategy.rollingUpdate.maxSurge ??= '25%'
    }
    defaultPodSpec(spec.template.spec)
  },
  strategy: {
    ...statusApart(),
    generation: true,
    prepareForUpdate(draft, old) {
      keepStatus(draft, old)
      // Annotations go on to the replica sets, so the controller has to see them.
      if (!jsonEqual(draft.metadata.annotations ?? {}, old.metadata.annotations ?? {}))
        draft.metadata.generation = (old.metadata.generation ?? 0) + 1
    },
    validate,
    validateUpdate: (deployment, old) => [
      ...validate(deployment),
      ...unchanged(deployment.spec.selector, old.spec.selector, root.child('spec', 'selector')),
    ],
    warnings: (deployment, old) => [
      ...(old ? [] : nameWarnings(deployment)),
      ...templateWarnings(deployment, old, deployment.spec.template),
    ],
  },
})

function validate({ spec }: Deployment): FieldError[] {
  const at = root.child('spec')
  const { replicas, selector, template, minReadySeconds = 0, progressDeadlineSeconds: deadline } = spec
  const { errors, usable } = validateWorkloadSelector(selector, 'deployment', at.child('selector'))
  errors.unshift(...nonNegative(replicas, at.child('replicas')))
  if (usable) {
    const here = at.child('template')
    errors.push(...validateSelected(usable, template, here), ...validateLastingTemplate(template, 'ReplicaSet', here))
  }
  errors.push(
    ...validateStrategy(spec.strategy, at.child('strategy')),
    ...nonNegative(minReadySeconds, at.child('minReadySeconds')),
    ...nonNegative(spec.revisionHistoryLimit, at.child('revisionHistoryLimit')),
    ...nonNegative(deadline, at.child('progressDeadlineSeconds')),
  )
  if (deadline !== undefined && deadline <= minReadySeconds)
    errors.push(invalidValue(at.child('progressDeadlineSeconds'), deadline, 'must be greater than minReadySeconds'))
  return errors
}

function validateStrategy({ type = '', rollingUpdate }: DeploymentStrategy, at: FieldPath): FieldError[] {
  const here = at.child('rollingUpdate')
  if (type === 'Recreate')
    return rollingUpdate ? [forbiddenField(here, "may not be specified when strategy `type` is 'Recreate'")] : []
  if (type !== 'RollingUpdate') {
    const shown = { Type: type, RollingUpdate: rollingUpdate ? goRollingUpdate(rollingUpdate) : null }
    return [notSupported(at, new Shown(goJson(shown)), ['Recreate', 'RollingUpdate'])]
  }
  if (!rollingUpdate) return [required(here, 'this should be defaulted and never be nil')]
  const { maxUnavailable, maxSurge } = rollingUpdate
  return [
    ...countOrPercent(maxUnavailable, here.child('maxUnavailable')),
    ...countOrPercent(maxSurge, here.child('maxSurge')),
    ...(isNone(maxUnavailable) && isNone(maxSurge)
      ? [invalidValue(here.child('maxUnavailable'), maxUnavailable, 'may not be 0 when `maxSurge` is 0')]
      : []),
    ...atMostAll(maxUnavailable, here.child('maxUnavailable')),
  ]
}

const goRollingUpdate = ({ maxUnavailable, maxSurge }: NonNullable<DeploymentStrategy['rollingUpdate']>) => ({
  MaxUnavailable: maxUnavailable ?? 0,
  MaxSurge: maxSurge ?? 0,
})

function validateStatus({ status }: Deployment, old: Deployment): FieldError[] {
  const at = root.child('status')
  const errors: FieldError[] = []
  for (const field of [
    'observedGeneration',
    'replicas',
    'updatedReplicas',
    'readyReplicas',
    'availableReplicas',
    'unavailableReplicas',
    'terminatingReplicas',
    'collisionCount',
  ] as const)
    errors.push(...nonNegative(status[field], at.child(field)))
  const { replicas = 0, readyReplicas = 0, availableReplicas = 0 } = status
  for (const field of ['updatedReplicas', 'readyReplicas', 'availableReplicas'] as const)
    if ((status[field] ?? 0) > replicas)
      errors.push(invalidValue(at.child(field), status[field] ?? 0, 'cannot be greater than status.replicas'))
  if (availableReplicas > readyReplicas)
    errors.push(invalidValue(at.child('availableReplicas'), availableReplicas, 'cannot be greater than readyReplicas'))
  return [...errors, ...validateCollisions(status, old.status)]
}
