import {
  everybody,
  everythingOf,
  type FlowSchemaSpec,
  mandatoryFlowSchemas,
  mandatoryPriorityLevels,
  type PolicyRulesWithSubjects,
  type PriorityLevelConfigurationSpec,
  type Subject,
} from '../../api/flowcontrol/v1/index.js'

/** A flow schema or priority level that every cluster has. */
export interface DefaultFlowObject<S> {
  readonly name: string
  readonly spec: S
  /** Without it the server cannot do: whatever anybody changes is put right. */
  readonly mandatory: boolean
}

const all = ['*']

const group = (name: string): Subject => ({ kind: 'Group', group: { name } })
const user = (name: string): Subject => ({ kind: 'User', user: { name } })
const systemAccounts: Subject = { kind: 'ServiceAccount', serviceAccount: { namespace: 'kube-system', name: '*' } }
const controllerManager = user('system:kube-controller-manager')
const scheduler = user('system:kube-scheduler')

const mandatory = <S>(specs: Readonly<Record<string, S>>): DefaultFlowObject<S>[] =>
  Object.entries(specs).map(([name, spec]) => ({ name, spec, mandatory: true }))

function schema(
  name: string,
  level: string,
  matchingPrecedence: number,
  distinguisher: 'ByUser' | 'ByNamespace' | undefined,
  rules: PolicyRulesWithSubjects[],
): DefaultFlowObject<FlowSchemaSpec> {
  return {
    name,
    mandatory: false,
    spec: {
      priorityLevelConfiguration: { name: level },
      matchingPrecedence,
      ...(distinguisher ? { distinguisherMethod: { type: distinguisher } } : {}),
      rules,
    },
  }
}

const leases = { apiGroups: ['coordination.k8s.io'], resources: ['leases'], namespaces: all }

/** https://kubernetes.io/docs/concepts/cluster-administration/flow-control/#defaults */
export const defaultFlowSchemas: readonly DefaultFlowObject<FlowSchemaSpec>[] = [
  ...mandatory(mandatoryFlowSchemas),
  schema('probes', 'exempt', 2, undefined, [
    {
      subjects: [...everybody],
      nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }],
    },
  ]),
  schema('system-leader-election', 'leader-election', 100, 'ByUser', [
    {
      subjects: [controllerManager, scheduler, systemAccounts],
      resourceRules: [{ verbs: ['get', 'create', 'update'], ...leases }],
    },
  ]),
  schema('system-node-high', 'node-high', 400, 'ByUser', [
    {
      subjects: [group('system:nodes')],
      resourceRules: [
        { verbs: all, apiGroups: [''], resources: ['nodes', 'nodes/status'], clusterScope: true, namespaces: all },
        { verbs: all, ...leases },
      ],
    },
  ]),
  schema('system-nodes', 'system', 500, 'ByUser', everythingOf(group('system:nodes'))),
  schema('kube-controller-manager', 'workload-high', 800, 'ByNamespace', everythingOf(controllerManager)),
  schema('kube-scheduler', 'workload-high', 800, 'ByNamespace', everythingOf(scheduler)),
  schema('kube-system-service-accounts', 'workload-high', 900, 'ByNamespace', everythingOf(systemAccounts)),
  schema('service-accounts', 'workload-low', 9000, 'ByUser', everythingOf(group('system:serviceaccounts'))),
  schema('global-default', 'global-default', 9900, 'ByUser', everythingOf(...everybody)),
]

function limited(
  name: string,
  nominalConcurrencyShares: number,
  lendablePercent: number,
  queues: number,
  handSize: number,
): DefaultFlowObject<PriorityLevelConfigurationSpec> {
  return {
    name,
    mandatory: false,
    spec: {
      type: 'Limited',
      limited: {
        nominalConcurrencyShares,
        limitResponse: { type: 'Queue', queuing: { queues, handSize, queueLengthLimit: 50 } },
        lendablePercent,
      },
    },
  }
}

export const defaultPriorityLevels: readonly DefaultFlowObject<PriorityLevelConfigurationSpec>[] = [
  ...mandatory(mandatoryPriorityLevels),
  limited('system', 30, 33, 64, 6),
  limited('node-high', 40, 25, 64, 6),
  limited('leader-election', 10, 0, 16, 4),
  limited('workload-high', 40, 50, 128, 6),
  limited('workload-low', 100, 90, 128, 6),
  limited('global-default', 20, 50, 128, 6),
]
