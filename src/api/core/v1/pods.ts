import { root } from '../../../machinery/path.js'
import { copyField, type Resource, type RowCondition, resource, statusView } from '../../../machinery/resource.js'
import type { Draft } from '../../../schema/index.js'
import { Eviction } from '../../policy/v1/index.js'
import { keepStatus } from '../../status-apart.js'
import { takeAppArmorAnnotations } from './app-armor-annotations.js'
import { Pod } from './pod.js'
import { podColumns } from './pod-columns.js'
import { defaultPod } from './pod-defaults.js'
import { joinPodIps } from './pod-ips.js'
import { mergeMatchLabelKeys } from './pod-match-labels.js'
import { Binding } from './pod-options.js'
import { qosClass } from './pod-qos.js'
import { hostNameWarnings, podStatusWarnings, podWarnings } from './pod-warnings.js'
import { validatePod } from './validate-pod.js'
import { validateResize } from './validate-pod-resize.js'
import { validatePodStatus } from './validate-pod-status.js'
import { validateEphemeralUpdate, validatePodUpdate } from './validate-pod-update.js'

const core = (kind: string) => ({ group: '', version: 'v1', kind })

export const pods: Resource<Pod> = resource(Pod, {
  shortNames: ['po'],
  categories: ['all'],
  columns: podColumns,
  deleteAnswersObject: true,
  rowConditions: completionOf,
  selectableFields: {
    'spec.nodeName': ({ spec }) => spec.nodeName ?? '',
    // An older name of the same.
    'spec.host': ({ spec }) => spec.nodeName ?? '',
    'spec.restartPolicy': ({ spec }) => spec.restartPolicy ?? '',
    'spec.schedulerName': ({ spec }) => spec.schedulerName ?? '',
    'spec.serviceAccountName': ({ spec }) => spec.serviceAccountName ?? '',
    'spec.hostNetwork': ({ spec }) => String(spec.hostNetwork ?? false),
    'status.phase': ({ status }) => status.phase ?? '',
    'status.podIP': ({ status }) => status.podIP ?? '',
    // A name that upstream knows, without a value.
    'status.podIPs': () => '',
    'status.nominatedNodeName': ({ status }) => status.nominatedNodeName ?? '',
  },
  subresources: [
    statusView<Pod>({
      keepsMetadata: ['deletionTimestamp', 'ownerReferences'],
      prepareForUpdate({ status }, old) {
        status.qosClass ||= old.status.qosClass ?? qosClass(old)
      },
      validateUpdate: validatePodStatus,
      warnings: podStatusWarnings,
    }),
    {
      type: 'view',
      name: 'ephemeralcontainers',
      verbs: ['get', 'patch', 'update'],
      prepareForUpdate(draft, old) {
        const added = draft.spec.ephemeralContainers
        draft.spec = structuredClone(old.spec) as Draft<Pod['spec']>
        if (added) draft.spec.ephemeralContainers = added
        else delete draft.spec.ephemeralContainers
        keepStatus(draft, old)
        keepMetadata(draft, old)
      },
      validateUpdate: validateEphemeralUpdate,
      metadataLooks: { asNew: 1 },
    },
    {
      type: 'view',
      name: 'resize',
      verbs: ['get', 'patch', 'update'],
      prepareForUpdate(draft, old) {
        const wanted = new Map(
          [...(draft.spec.containers ?? []), ...(draft.spec.initContainers ?? [])].map(each => [each.name, each]),
        )
        const whole = draft.spec.resources
        draft.spec = structuredClone(old.spec) as Draft<Pod['spec']>
        if (whole && old.spec.resources) draft.spec.resources = whole
        for (const container of [...draft.spec.containers, ...(draft.spec.initContainers ?? [])]) {
          const { resources, resizePolicy } = wanted.get(container.name) ?? {}
          if (resources) container.resources = resources
          if (resizePolicy) container.resizePolicy = resizePolicy
        }
        keepStatus(draft, old)
        keepMetadata(draft, old)
      },
      validateUpdate: validateResize,
      metadataLooks: { asNew: 1 },
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
  defaults({ spec, status }) {
    defaultPod(spec)
    joinPodIps(status)
  },
  strategy: {
    generation: true,
    resetFields: ['status'],
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
      mergeMatchLabelKeys(draft)
      takeAppArmorAnnotations(draft)
    },
    prepareForUpdate: keepStatus,
    validate: validatePod,
    validateUpdate: validatePodUpdate,
    metadataLooks: { asNew: 1 },
    // Pods are updated by programs, which nobody would tell.
    warnings: ({ metadata, spec }, old) =>
      old
        ? []
        : [
            ...hostNameWarnings(metadata.name ?? '', "the Pod's hostname"),
            ...podWarnings(metadata, spec, root.child('spec'), root.child('metadata'), true),
          ],
    gracePeriod({ spec, status }, requested) {
      const grace = requested ?? spec.terminationGracePeriodSeconds ?? 30
      // Nobody has to be asked about a pod that no node runs, or that has ended.
      if (!spec.nodeName || status.phase === 'Succeeded' || status.phase === 'Failed') return 0
      return Math.max(0, grace)
    },
  },
})

/** A pod that has ended shows it in its row. */
function completionOf({ status: { phase } }: Pod): readonly RowCondition[] {
  if (phase !== 'Succeeded' && phase !== 'Failed') return []
  const message = phase === 'Succeeded' ? 'The pod has completed successfully.' : 'The pod failed.'
  return [{ type: 'Completed', status: 'True', reason: phase, message }]
}

function keepMetadata(draft: Draft<Pod>, old: Pod): void {
  const metadata = draft.metadata as Record<string, unknown>
  for (const field of ['labels', 'annotations', 'finalizers', 'ownerReferences'])
    copyField(metadata, old.metadata, field)
}
