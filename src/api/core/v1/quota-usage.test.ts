import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatQuantity } from '../../../machinery/quantity.js'
import type { Pod } from './pod.js'
import { quotaCounts, quotaUsage, unspecified } from './quota-usage.js'
import type { ResourceQuota } from './resource-quota.js'

const text = (usage: ReturnType<typeof quotaUsage>) =>
  Object.fromEntries(Object.entries(usage).map(([name, amount]) => [name, formatQuantity(amount)]))
const core = (plural: string) => ({ group: '', plural })
const container = (requests?: object, limits?: object) => ({ name: 'c', resources: { requests, limits } })
const pod = (spec: object, status: object = {}) =>
  ({ metadata: {}, spec: { containers: [container()], ...spec }, status }) as unknown as Pod

describe('what objects take of quotas', () => {
  const cases: readonly [string, { group: string; plural: string }, object, object][] = [
    ['any object', { group: 'apps', plural: 'deployments' }, {}, { 'count/deployments.apps': '1' }],
    ['one with a name of its own', core('secrets'), {}, { 'count/secrets': '1', secrets: '1' }],
    [
      'a pod',
      core('pods'),
      pod({ containers: [container({ cpu: '100m', 'example.com/gpu': '2' }, { memory: '1Gi' })] }),
      {
        'count/pods': '1',
        pods: '1',
        cpu: '100m',
        'requests.cpu': '100m',
        'requests.example.com/gpu': '2',
        'limits.memory': '1Gi',
      },
    ],
    ['a pod that has ended', core('pods'), pod({}, { phase: 'Succeeded' }), { 'count/pods': '1' }],
    [
      'a load balancer',
      core('services'),
      { spec: { type: 'LoadBalancer', ports: [{}, {}] } },
      { 'count/services': '1', services: '1', 'services.loadbalancers': '1', 'services.nodeports': '2' },
    ],
    [
      'one without node ports',
      core('services'),
      { spec: { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false, ports: [{}] } },
      { 'count/services': '1', services: '1', 'services.loadbalancers': '1', 'services.nodeports': '0' },
    ],
    [
      'a claim',
      core('persistentvolumeclaims'),
      { metadata: {}, spec: { storageClassName: 'fast', resources: { requests: { storage: '1Gi' } } } },
      {
        'count/persistentvolumeclaims': '1',
        persistentvolumeclaims: '1',
        'requests.storage': '1Gi',
        'fast.storageclass.storage.k8s.io/persistentvolumeclaims': '1',
        'fast.storageclass.storage.k8s.io/requests.storage': '1Gi',
      },
    ],
    [
      'a claim of devices',
      { group: 'resource.k8s.io', plural: 'resourceclaims' },
      {
        spec: {
          devices: {
            requests: [
              { exactly: { deviceClassName: 'gpu', count: 2 } },
              {
                firstAvailable: [
                  { deviceClassName: 'gpu', count: 1 },
                  { deviceClassName: 'gpu', count: 4 },
                ],
              },
            ],
          },
        },
      },
      { 'count/resourceclaims.resource.k8s.io': '1', 'gpu.deviceclass.resource.k8s.io/devices': '6' },
    ],
  ]
  for (const [name, resource, object, expected] of cases)
    it(name, () => assert.deepEqual(text(quotaUsage(resource, object)), expected))
})

describe('quotas with scopes', () => {
  const quota = (spec: object) => ({ spec }) as unknown as ResourceQuota
  const priority = (operator: string, values: readonly string[] = []) =>
    quota({ scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator, values }] } })
  const cases: readonly [string, ResourceQuota, Pod, boolean][] = [
    ['none', quota({}), pod({}), true],
    ['best effort', quota({ scopes: ['BestEffort'] }), pod({}), true],
    ['not best effort', quota({ scopes: ['NotBestEffort'] }), pod({}), false],
    ['terminating', quota({ scopes: ['Terminating'] }), pod({ activeDeadlineSeconds: 1 }), true],
    ['both must hold', quota({ scopes: ['Terminating', 'NotBestEffort'] }), pod({ activeDeadlineSeconds: 1 }), false],
    ['a class', priority('In', ['high']), pod({ priorityClassName: 'high' }), true],
    ['another class', priority('In', ['high']), pod({ priorityClassName: 'low' }), false],
    ['no class', priority('DoesNotExist'), pod({}), true],
    [
      'other namespaces',
      quota({ scopes: ['CrossNamespacePodAffinity'] }),
      pod({ affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ namespaces: ['x'] }] } } }),
      true,
    ],
  ]
  for (const [name, scoped, object, expected] of cases)
    it(name, () => assert.equal(quotaCounts(scoped, core('pods'), object), expected))
  it('count nothing but pods', () =>
    assert.equal(quotaCounts(quota({ scopes: ['BestEffort'] }), core('services'), {}), false))
})

describe('what must be said', () => {
  const hard = ['pods', 'requests.cpu', 'limits.memory']
  const cases: readonly [string, object, string][] = [
    ['nothing is', {}, 'must specify limits.memory for: c; requests.cpu for: c'],
    ['part of it', { containers: [container({ cpu: '1' })] }, 'must specify limits.memory for: c'],
    ['by the pod', { resources: { requests: { cpu: '1' }, limits: { memory: '1' } } }, ''],
  ]
  for (const [name, spec, expected] of cases) it(name, () => assert.equal(unspecified(pod(spec), hard), expected))
})

it('a pod that should have gone long since takes no more', () => {
  const metadata = { deletionTimestamp: '2026-01-01T00:00:30Z', deletionGracePeriodSeconds: 30 }
  const dying = { ...pod({}), metadata }
  const at = (time: string) => text(quotaUsage(core('pods'), dying, Date.parse(time)))
  assert.deepEqual(at('2026-01-01T00:01:00Z'), { 'count/pods': '1', pods: '1' })
  assert.deepEqual(at('2026-01-01T00:01:01Z'), { 'count/pods': '1' })
})
