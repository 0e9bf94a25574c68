import { required } from '../../../machinery/field-errors.js'
import { root } from '../../../machinery/path.js'
import { type Resource, resource, type ScaleSubresource, statusView } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { nameWarnings, templateWarnings } from '../../apps/v1/workload.js'
import { ageColumn, containerColumns, labelsText, nameColumn, numberColumn, textColumn } from '../../columns.js'
import { nonNegative } from '../../field-rules.js'
import { statusApart } from '../../status-apart.js'
import { defaultPodSpec } from './pod-defaults.js'
import { validateReplicaStatus } from './replica-status.js'
import { ReplicationController } from './replication-controller.js'
import { plainSelector, validateLastingTemplate, validateSelected } from './validate-pod.js'

const scale: ScaleSubresource<ReplicationController> = {
  type: 'scale',
  name: 'scale',
  verbs: ['get', 'patch', 'update'],
  replicasPath: 'spec.replicas',
  read: ({ spec, status }) => ({
    replicas: spec.replicas ?? 0,
    observed: status.replicas,
    selector: plainSelector(spec.selector).toString(),
  }),
  write(draft, replicas) {
    draft.spec.replicas = replicas
  },
}

export const replicationControllers: Resource<ReplicationController> = resource(ReplicationController, {
  shortNames: ['rc'],
  categories: ['all'],
  storagePrefix: 'controllers',
  columns: [
    nameColumn,
    numberColumn('Desired', ({ spec }) => spec.replicas ?? 0, { field: 'spec.replicas' }),
    numberColumn('Current', ({ status }) => status.replicas, { field: 'status.replicas' }),
    numberColumn('Ready', ({ status }) => status.readyReplicas ?? 0, { field: 'status.readyReplicas' }),
    ageColumn,
    ...containerColumns<ReplicationController>(({ spec }) => spec.template?.spec),
    textColumn('Selector', ({ spec }) => labelsText(spec.selector), { wide: true, field: 'spec.selector' }),
  ],
  selectableFields: { 'status.replicas': ({ status }) => String(status.replicas) },
  subresources: [scale, statusView({ validateUpdate: ({ status }) => validateReplicaStatus(status) })],
  defaults({ metadata, spec }) {
    const { template } = spec
    if (!template) return
    const { labels } = template.metadata
    if (labels) {
      if (!Object.keys(spec.selector ?? {}).length) spec.selector = { ...labels }
      if (!Object.keys(metadata.labels ?? {}).length) metadata.labels = { ...labels }
    }
    defaultPodSpec(template.spec)
  },
  strategy: {
    ...statusApart(() => ({ replicas: 0 })),
    generation: true,
    defaultPropagation: { policy: 'Orphan' },
    validate,
    // Upstream looks at a changed one twice and tells of each fault twice.
    validateUpdate: controller => [...validate(controller), ...validate(controller)],
    metadataLooks: { asNew: 1 },
    warnings: (controller, old) => [
      ...(old ? [] : nameWarnings(controller)),
      ...templateWarnings(controller, old, controller.spec.template),
    ],
  },
})

function validate({ spec }: ReplicationController): FieldError[] {
  const { minReadySeconds, replicas, selector, template } = spec
  const at = root.child('spec')
  const errors = nonNegative(minReadySeconds, at.child('minReadySeconds'))
  if (!Object.keys(selector ?? {}).length) errors.push(required(at.child('selector')))
  if (replicas === undefined) errors.push(required(at.child('replicas')))
  errors.push(...nonNegative(replicas, at.child('replicas')))
  if (template) errors.push(...validateSelected(plainSelector(selector), template, at.child('template')))
  return [...errors, ...validateLastingTemplate(template, 'ReplicationController', at.child('template'))]
}
