import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { stringify } from 'yaml'
import { readSchedulerConfiguration, SchedulerConfigError } from './read-configuration.js'

const head = { apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration' }
const withArgs = (name: string, args: object) => ({ profiles: [{ pluginConfig: [{ name, args }] }] })
const at = 'profiles[0].pluginConfig[0].args'

describe('readSchedulerConfiguration', () => {
  it('fills in defaults', () => {
    const { profiles, parallelism, podInitialBackoffSeconds, podMaxBackoffSeconds } = readSchedulerConfiguration(
      stringify(head),
    )
    assert.deepEqual(
      [
        profiles?.map(({ schedulerName }) => schedulerName),
        parallelism,
        podInitialBackoffSeconds,
        podMaxBackoffSeconds,
      ],
      [['default-scheduler'], 16, 1, 10],
    )
  })

  it('reads the arguments of plugins', () => {
    const { profiles } = readSchedulerConfiguration(
      stringify({
        ...head,
        ...withArgs('NodeResourcesFit', {
          apiVersion: head.apiVersion,
          kind: 'NodeResourcesFitArgs',
          scoringStrategy: { type: 'MostAllocated', resources: [{ name: 'cpu', weight: 2 }] },
        }),
      }),
    )
    assert.deepEqual(profiles?.[0]?.pluginConfig?.[0]?.args, {
      kind: 'NodeResourcesFitArgs',
      apiVersion: head.apiVersion,
      scoringStrategy: { type: 'MostAllocated', resources: [{ name: 'cpu', weight: 2 }] },
    })
  })

  const cases: readonly (readonly [what: string, given: object, message: string])[] = [
    [
      'another kind',
      { kind: 'Pod' },
      'no kind "Pod" is registered for version "kubescheduler.config.k8s.io/v1"; it must be of kind KubeSchedulerConfiguration in kubescheduler.config.k8s.io/v1',
    ],
    [
      'another version',
      { apiVersion: 'kubescheduler.config.k8s.io/v1beta3' },
      'no kind "KubeSchedulerConfiguration" is registered for version "kubescheduler.config.k8s.io/v1beta3"; it must be of kind KubeSchedulerConfiguration in kubescheduler.config.k8s.io/v1',
    ],
    ['an unknown field', { profile: [] }, 'strict decoding error: unknown field "profile"'],
    [
      'an unknown argument',
      withArgs('DefaultPreemption', { percentage: 1 }),
      'decoding .profiles[0].pluginConfig[0]: decoding args for plugin DefaultPreemption: strict decoding error: unknown field "percentage"',
    ],
    [
      'arguments of another plugin',
      withArgs('DefaultPreemption', { kind: 'NodeAffinityArgs' }),
      'decoding .profiles[0].pluginConfig[0]: decoding args for plugin DefaultPreemption: args for plugin DefaultPreemption were not of type DefaultPreemptionArgs.kubescheduler.config.k8s.io, got NodeAffinityArgs in undefined',
    ],
    ['parallelism', { parallelism: 0 }, 'parallelism: Invalid value: 0: should be an integer value greater than zero'],
    [
      'percentages',
      { percentageOfNodesToScore: 101 },
      'percentageOfNodesToScore: Invalid value: 101: not in valid range [0-100]',
    ],
    ['back-off', { podInitialBackoffSeconds: 0 }, 'podInitialBackoffSeconds: Invalid value: 0: must be greater than 0'],
    [
      'a back-off that shrinks',
      { podInitialBackoffSeconds: 5, podMaxBackoffSeconds: 4 },
      'podMaxBackoffSeconds: Invalid value: 4: must be greater than or equal to PodInitialBackoffSeconds',
    ],
    [
      'profiles without and with the same name',
      { profiles: [{ schedulerName: 'a' }, {}, { schedulerName: 'a' }] },
      '[profiles[1].schedulerName: Required value, profiles[2].schedulerName: Duplicate value: "a"]',
    ],
    [
      'different queues',
      {
        profiles: [
          { schedulerName: 'a' },
          { schedulerName: 'b', plugins: { queueSort: { enabled: [{ name: 'Mine' }] } } },
        ],
      },
      'profiles[1].plugins.queueSort: Invalid value: {"enabled":[{"name":"Mine"}]}: has to match for all profiles',
    ],
    [
      'leader election',
      { leaderElection: { leaderElect: true, leaseDuration: '5s', renewDeadline: '10s' } },
      'leaderElection.leaseDuration: Invalid value: 10s: LeaseDuration must be greater than RenewDeadline',
    ],
    [
      'arguments twice',
      { profiles: [{ pluginConfig: [{ name: 'Mine' }, { name: 'Mine' }] }] },
      'profiles[0].pluginConfig[1]: Duplicate value: "Mine"',
    ],
    [
      'preemption among no candidates',
      withArgs('DefaultPreemption', { minCandidateNodesPercentage: 0, minCandidateNodesAbsolute: 0 }),
      `[${at}.minCandidateNodesPercentage: Invalid value: 0: cannot be zero at the same time as minCandidateNodesAbsolute, ${at}.minCandidateNodesAbsolute: Invalid value: 0: cannot be zero at the same time as minCandidateNodesPercentage]`,
    ],
    [
      'the weight of affinity',
      withArgs('InterPodAffinity', { hardPodAffinityWeight: 101 }),
      `${at}.hardPodAffinityWeight: Invalid value: 101: not in valid range [0, 100]`,
    ],
    [
      'the weight of a resource',
      withArgs('NodeResourcesFit', {
        scoringStrategy: { type: 'LeastAllocated', resources: [{ name: 'cpu', weight: 101 }] },
      }),
      `${at}.scoringStrategy.resources[0].weight: Invalid value: 101: resource weight of cpu not in valid range [1, 100]`,
    ],
    [
      'a strategy',
      withArgs('NodeResourcesFit', { scoringStrategy: { type: 'Best' } }),
      `${at}.scoringStrategy.type: Unsupported value: "Best": supported values: "LeastAllocated", "MostAllocated", "RequestedToCapacityRatio"`,
    ],
    [
      'a shape that goes back',
      withArgs('NodeResourcesFit', {
        scoringStrategy: {
          type: 'RequestedToCapacityRatio',
          requestedToCapacityRatio: {
            shape: [
              { utilization: 50, score: 0 },
              { utilization: 50, score: 10 },
            ],
          },
        },
      }),
      `${at}.scoringStrategy.requestedToCapacityRatio.shape[1].utilization: Invalid value: 50: utilization values must be sorted in increasing order`,
    ],
    [
      'a shape without points',
      withArgs('NodeResourcesFit', { scoringStrategy: { type: 'RequestedToCapacityRatio' } }),
      `${at}.scoringStrategy.requestedToCapacityRatio.shape: Required value: at least one point must be specified`,
    ],
    [
      'default constraints with a selector',
      withArgs('PodTopologySpread', {
        defaultingType: 'List',
        defaultConstraints: [{ maxSkew: 0, topologyKey: 'z', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: {} }],
      }),
      `[${at}.defaultConstraints[0].maxSkew: Invalid value: 0: must be greater than zero, ${at}.defaultConstraints[0].labelSelector: Forbidden: constraint must not define a selector, as they deduced for each pod]`,
    ],
    [
      'how long volumes are waited for',
      withArgs('VolumeBinding', { bindTimeoutSeconds: -1 }),
      `${at}.bindTimeoutSeconds: Invalid value: -1: invalid BindTimeoutSeconds, should not be a negative value`,
    ],
    [
      'extenders',
      {
        extenders: [
          { urlPrefix: 'http://a', prioritizeVerb: 'p', bindVerb: 'b', managedResources: [{ name: 'cpu' }] },
          { urlPrefix: 'http://b', bindVerb: 'b' },
        ],
      },
      '[extenders[0].weight: Invalid value: 0: must have a positive weight applied to it, extenders[0].managedResources[0].name: Invalid value: "cpu": is an invalid extended resource name, extenders: Invalid value: "found 2 extenders implementing bind": only one extender can implement bind]',
    ],
  ]
  for (const [what, given, message] of cases)
    it(`refuses ${what}`, () =>
      assert.throws(
        () => readSchedulerConfiguration(stringify({ ...head, ...given })),
        (error: unknown) => {
          assert.ok(error instanceof SchedulerConfigError)
          assert.equal(error.message, message)
          return true
        },
      ))
})
