import { copyField, type Resource, resource, statusView } from '../../../machinery/resource.js'
import type { Draft } from '../../../schema/index.js'
import { Eviction } from '../../policy/v1/index.js'
import { Pod } from './pod.js'
import { podColumns } from './pod-columns.js'
import { defaultPodSpec } from './pod-defaults.js'
import { Binding } from './pod-options.js'
import { qosClass } from './pod-qos.js'

const core = (kind: string) => ({ group: '', version: 'v1', kind })

export const pods: Resource<Pod> = resource(Pod, {
  shortNames: ['po'],
  categories: ['all'],
  columns: podColumns,
  deleteAnswersObject: true,
  selectableFields: {
    'spec.nodeName': ({ spec }) => spec.nodeName ?? '',
    'spec.restartPolicy': ({ spec }) => spec.restartPolicy ?? '',
    'spec.schedulerName': ({ spec }) => spec.schedulerName ?? '',
    'spec.serviceAccountName': ({ spec }) => spec.serviceAccountName ?? '',
    'spec.hostNetwork': ({ spec }) => String(spec.hostNetwork ?? false),
    'status.phase': ({ status }) => status.phase ?? '',
    'status.podIP': ({ status }) => status.podIP ?? '',
    'status.nominatedNodeName': ({ status }) => status.nominatedNodeName ?? '',
  },
  subresources: [
    statusView<Pod>(),
    {
      type: 'view',
      name: 'ephemeralcontainers',
      verbs: ['get', 'patch', 'update'],
      prepareForUpdate(draft, old) {
        const added = draft.spec.ephemeralContainers
        draft.spec = structuredClone(old.spec) as Draft<Pod['spec']>
        if (added) draft.spec.ephemeralContainers = added
        copyField(draft as unknown as Record<string, unknown>, old, 'status')
      },
    },
    {
      type: 'view',
      name: 'resize',
      verbs: ['get', 'patch', 'update'],
      prepareForUpdate(draft, old) {
        const wanted = new Map(draft.spec.containers.map(container => [container.name, container]))
        draft.spec = structuredClone(old.spec) as Draft<Pod['spec']>
        for (const container of draft.spec.containers) {
          const { resources, resizePolicy } = wanted.get(container.name) ?? {}
          if (resources) container.resources = resources
          if (resizePolicy) container.resizePolicy = resizePolicy
        }
        copyField(draft as unknown as Record<string, unknown>, old, 'status')
      },
    },
    { type: 'action', name: 'binding', kind: Binding, verbs: ['create'] },
    { type: 'action', name: 'eviction', kind: Eviction, verbs: ['create'] },
    { type: 'connect', name: 'log', gvk: core('Pod'), verbs: ['get'] },
    { type: 'connect', name: 'exec', gvk: core('PodExecOptions'), verbs: ['create', 'get'] },
    { type: 'connect', name: 'attach', gvk: core('PodAttachOptions'), verbs: ['create', 'get'] },
    { type: 'connect', name: 'portforward', gvk: core('PodPortForwardOptions'), verbs: ['create', 'get'] },
    {
      type: 'connect',
      name: 'proxy',
      gvk: core('PodProxyOptions'),
      verbs: ['create', 'delete', 'get', 'patch', 'update'],
    },
  ],
  defaults: ({ spec }) => defaultPodSpec(spec),
  strategy: {
    generation: true,
    prepareForCreate(draft) {
      draft.status = { phase: 'Pending', qosClass: qosClass(draft as Pod) }
      if (draft.spec.schedulingGates?.length)
        draft.status.conditions = [
          {
            type: 'PodScheduled',
            status: 'False',
            reason: 'SchedulingGated',
            message: 'Scheduling is blocked due to non-empty scheduling gates',
            lastProbeTime: null,
            lastTransitionTime: null,
          },
        ]
    },
    prepareForUpdate: (draft, old) => copyField(draft as unknown as Record<string, unknown>, old, 'status'),
    gracePeriod({ spec, status }, requested) {
      const grace = requested ?? spec.terminationGracePeriodSeconds ?? 30
      // Nobody has to be asked about a pod that no node runs, or that has ended.
      if (!spec.nodeName || status.phase === 'Succeeded' || status.phase === 'Failed') return 0
      return Math.max(0, grace)
    },
  },
})
