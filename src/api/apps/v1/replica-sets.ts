import { printLabelSelector } from '../../../machinery/labels.js'
import { root } from '../../../machinery/path.js'
import { type Resource, resource, statusView } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { ageColumn, containerColumns, nameColumn, numberColumn, textColumn } from '../../columns.js'
import { defaultPodSpec } from '../../core/v1/pod-defaults.js'
import { validateReplicaStatus } from '../../core/v1/replica-status.js'
import { validateLastingTemplate, validateSelected } from '../../core/v1/validate-pod.js'
import { nonNegative, unchanged } from '../../field-rules.js'
import { statusApart } from '../../status-apart.js'
import { validateWorkloadSelector } from '../../workload-selectors.js'
import { ReplicaSet } from './replica-set.js'
import { nameWarnings, templateWarnings, workloadScale } from './workload.js'

export const replicaSets: Resource<ReplicaSet> = resource(ReplicaSet, {
  shortNames: ['rs'],
  categories: ['all'],
  columns: [
    nameColumn,
    numberColumn('Desired', ({ spec }) => spec.replicas ?? 0, { field: 'spec.replicas' }),
    numberColumn('Current', ({ status }) => status.replicas, { field: 'status.replicas' }),
    numberColumn('Ready', ({ status }) => status.readyReplicas ?? 0, { field: 'status.readyReplicas' }),
    ageColumn,
    ...containerColumns<ReplicaSet>(({ spec }) => spec.template.spec),
    textColumn('Selector', ({ spec }) => printLabelSelector(spec.selector), { wide: true, field: 'spec.selector' }),
  ],
  subresources: [
    workloadScale<ReplicaSet>(),
    statusView({ validateUpdate: ({ status }) => validateReplicaStatus(status) }),
  ],
  defaults({ spec }) {
    spec.replicas ??= 1
    defaultPodSpec(spec.template.spec)
  },
  strategy: {
    ...statusApart(() => ({ replicas: 0 })),
    generation: true,
    validate,
    validateUpdate: (set, old) => [
      ...validate(set),
      ...unchanged(set.spec.selector, old.spec.selector, root.child('spec', 'selector')),
    ],
    warnings: (set, old) => [...(old ? [] : nameWarnings(set)), ...templateWarnings(set, old, set.spec.template)],
  },
})

function validate({ spec }: ReplicaSet): FieldError[] {
  const at = root.child('spec')
  const { errors, usable } = validateWorkloadSelector(spec.selector, 'deployment', at.child('selector'))
  errors.unshift(
    ...nonNegative(spec.replicas, at.child('replicas')),
    ...nonNegative(spec.minReadySeconds, at.child('minReadySeconds')),
  )
  if (!usable) return errors
  const here = at.child('template')
  return [
    ...errors,
    ...validateSelected(usable, spec.template, here),
    ...validateLastingTemplate(spec.template, 'ReplicaSet', here),
  ]
}
