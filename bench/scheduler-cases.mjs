// What the benchmarks of the scheduler place where.
export const nodes = 5_000
export const namespace = 'default'
export const zone = 'topology.kubernetes.io/zone'
export const host = 'kubernetes.io/hostname'

export const nodeOf = (name, index, zones = 3) => ({
  metadata: { name, labels: { [host]: name, [zone]: `zone-${index % zones}` } },
  status: {
    capacity: { cpu: '4', memory: '32Gi', pods: '110' },
    allocatable: { cpu: '4', memory: '32Gi', pods: '110' },
    conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }],
  },
})

export const podOf = (name, { labels = { app: 'plain' }, cpu = '100m', ...spec } = {}) => ({
  metadata: { name, namespace, labels },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: [{ name: 'c', image: 'pause:3', resources: { requests: { cpu, memory: '64Mi' } } }],
    ...spec,
  },
})

const term = (topologyKey, labels) => ({
  requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey, labelSelector: { matchLabels: labels } }],
})
const green = { color: 'green' }
const blue = { color: 'blue' }
const apart = { labels: green, affinity: { podAntiAffinity: term(host, green) } }
const near = { labels: blue, affinity: { podAffinity: term(zone, blue) } }
const spread = whenUnsatisfiable => ({
  labels: blue,
  topologySpreadConstraints: [
    { topologyKey: zone, maxSkew: 5, whenUnsatisfiable, labelSelector: { matchLabels: blue } },
  ],
})

/** Each: pods that are there before, pods that are measured, and how many of them a second are to be reached. */
export const cases = {
  basic: { reach: 2_000, pods: 10_000, measured: {} },
  churn: { reach: 2_000, pods: 10_000, measured: {}, churn: true },
  'anti-affinity': { reach: 500, before: [1_000, apart], pods: 2_000, measured: apart },
  affinity: { reach: 350, zones: 1, before: [5_000, near], pods: 2_000, measured: near },
  'spread-required': { reach: 600, before: [5_000, {}], pods: 5_000, measured: spread('DoNotSchedule') },
  'spread-preferred': { reach: 800, before: [5_000, {}], pods: 5_000, measured: spread('ScheduleAnyway') },
  preemption: {
    reach: 500,
    before: [20_000, { cpu: '900m' }],
    pods: 5_000,
    measured: { cpu: '3', priorityClassName: 'system-cluster-critical' },
  },
}
