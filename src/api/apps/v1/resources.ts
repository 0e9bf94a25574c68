import { printLabelSelector } from '../../../machinery/labels.js'
import type { ApiObject } from '../../../machinery/object.js'
import {
  type Column,
  copyField,
  type Resource,
  resource,
  type ScaleSubresource,
  type Strategy,
  statusView,
} from '../../../machinery/resource.js'
import type { Draft } from '../../../schema/index.js'
import { ageColumn, nameColumn, numberColumn, textColumn } from '../../columns.js'
import type { PodTemplateSpec } from '../../core/v1/index.js'
import { defaultPodSpec } from '../../core/v1/pod-defaults.js'
import { Deployment } from './deployment.js'
import { ReplicaSet } from './replica-set.js'

interface Workload extends ApiObject {
  readonly spec: { readonly replicas?: number; readonly selector: object | null; readonly template?: PodTemplateSpec }
  readonly status: { readonly replicas?: number }
}

/** Workloads count changes of their spec, and leave their status to the controller. */
const workloadStrategy: Strategy<Workload> = {
  generation: true,
  prepareForCreate(draft) {
    draft.status = {} as never
  },
  prepareForUpdate: (draft, old) => copyField(draft as unknown as Record<string, unknown>, old, 'status'),
}

const strategyOf = <T extends Workload>(): Strategy<T> => workloadStrategy as unknown as Strategy<T>

function scale<T extends Workload>(): ScaleSubresource<T> {
  return {
    type: 'scale',
    name: 'scale',
    verbs: ['get', 'patch', 'update'],
    read: ({ spec, status }) => ({
      replicas: spec.replicas ?? 0,
      observed: status.replicas ?? 0,
      selector: printLabelSelector(spec.selector),
    }),
    write(draft, replicas) {
      ;(draft.spec as { replicas?: number }).replicas = replicas
    },
  }
}

/** Containers, images and selector: the wide columns of all workloads. */
const templateColumns: readonly Column<Workload>[] = [
  textColumn('Containers', ({ spec }) => (spec.template?.spec.containers ?? []).map(({ name }) => name).join(','), 1),
  textColumn(
    'Images',
    ({ spec }) => (spec.template?.spec.containers ?? []).map(({ image }) => image ?? '').join(','),
    1,
  ),
  textColumn('Selector', ({ spec }) => printLabelSelector(spec.selector), 1),
]

const deployments: Resource<Deployment> = resource(Deployment, {
  shortNames: ['deploy'],
  categories: ['all'],
  columns: [
    nameColumn,
    textColumn('Ready', ({ spec, status }) => `${status.readyReplicas ?? 0}/${spec.replicas ?? 0}`),
    numberText('Up-to-date', ({ status }) => status.updatedReplicas ?? 0),
    numberText('Available', ({ status }) => status.availableReplicas ?? 0),
    ageColumn,
    ...(templateColumns as unknown as readonly Column<Deployment>[]),
  ],
  subresources: [scale<Deployment>(), statusView()],
  defaults({ spec }) {
    spec.replicas ??= 1
    spec.revisionHistoryLimit ??= 10
    spec.progressDeadlineSeconds ??= 600
    spec.strategy ??= {}
    spec.strategy.type ||= 'RollingUpdate'
    if (spec.strategy.type === 'RollingUpdate') {
      spec.strategy.rollingUpdate ??= {}
      spec.strategy.rollingUpdate.maxUnavailable ??= '25%'
      spec.strategy.rollingUpdate.maxSurge ??= '25%'
    }
    defaultTemplate(spec.template)
  },
  strategy: strategyOf<Deployment>(),
})

const replicaSets: Resource<ReplicaSet> = resource(ReplicaSet, {
  shortNames: ['rs'],
  categories: ['all'],
  columns: [
    nameColumn,
    numberColumn('Desired', ({ spec }) => spec.replicas ?? 0),
    numberColumn('Current', ({ status }) => status.replicas),
    numberColumn('Ready', ({ status }) => status.readyReplicas ?? 0),
    ageColumn,
    ...(templateColumns as unknown as readonly Column<ReplicaSet>[]),
  ],
  selectableFields: { 'status.replicas': ({ status }) => String(status.replicas) },
  subresources: [scale<ReplicaSet>(), statusView()],
  defaults({ spec }) {
    spec.replicas ??= 1
    if (spec.template) defaultTemplate(spec.template)
  },
  strategy: {
    ...strategyOf<ReplicaSet>(),
    prepareForCreate(draft) {
      draft.status = { replicas: 0 }
    },
  },
})

const defaultTemplate = (template: Draft<PodTemplateSpec>): void => defaultPodSpec(template.spec)

/** Deployments show their counts as text. */
function numberText<T extends ApiObject>(name: string, count: (object: T) => number): Column<T> {
  return textColumn(name, object => String(count(object)))
}

/** The resources of apps/v1. */
export const appsResources: readonly Resource[] = [deployments, replicaSets] as unknown as readonly Resource[]
