import type { FlowSchemaSpec, PolicyRulesWithSubjects, Subject } from './flow-schema.js'
import type { PriorityLevelConfigurationSpec } from './priority-level-configuration.js'

const all = ['*']

/** Rules about any request of these. */
export const everythingOf = (...subjects: Subject[]): PolicyRulesWithSubjects[] => [
  {
    subjects,
    resourceRules: [{ verbs: all, apiGroups: all, resources: all, clusterScope: true, namespaces: all }],
    nonResourceRules: [{ verbs: all, nonResourceURLs: all }],
  },
]

/** All requests, with or without a known user. */
export const everybody: readonly Subject[] = ['system:unauthenticated', 'system:authenticated'].map(name => ({
  kind: 'Group',
  group: { name },
}))

/** Flow schemas that no server can do without, by name: nobody may change them. */
export const mandatoryFlowSchemas: Readonly<Record<string, FlowSchemaSpec>> = {
  exempt: {
    priorityLevelConfiguration: { name: 'exempt' },
    matchingPrecedence: 1,
    rules: everythingOf({ kind: 'Group', group: { name: 'system:masters' } }),
  },
  'catch-all': {
    priorityLevelConfiguration: { name: 'catch-all' },
    matchingPrecedence: 10_000,
    distinguisherMethod: { type: 'ByUser' },
    rules: everythingOf(...everybody),
  },
}

/** Priority levels that no server can do without, by name. Only `spec.exempt` may be chosen otherwise. */
export const mandatoryPriorityLevels: Readonly<Record<string, PriorityLevelConfigurationSpec>> = {
  exempt: { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } },
  'catch-all': {
    type: 'Limited',
    limited: { nominalConcurrencyShares: 5, limitResponse: { type: 'Reject' }, lendablePercent: 0 },
  },
}
