import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { admit, type NodeState, resizeRefusal } from './admission.js'
import type { Requirements } from './container/linux-resources.js'
import { askedGrants, grantedPod, resizeMode, resizes, resourceSummary, sameGrants } from './resize.js'
import { container, pod, record } from './test-pods.js'

const cpu = (amount: string): Requirements => ({ requests: { cpu: amount } })
const node: NodeState = {
  name: 'n1',
  labels: { zone: 'a', count: '5' },
  allocatable: { cpu: '2', memory: '1Gi', pods: '3' },
  memoryPressure: false,
  diskPressure: false,
  allowedSysctls: ['kernel.msg*'],
}

describe('resizing', () => {
  const restart = { resizePolicy: [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }] }
  const table: readonly (readonly [Requirements, Requirements, object, string])[] = [
    [cpu('1'), cpu('1000m'), {}, 'none'],
    [cpu('1'), cpu('2'), {}, 'update'],
    [cpu('1'), cpu('2'), restart, 'update'],
    [{}, { limits: { memory: '1Gi' } }, {}, 'update'],
    [{}, { limits: { memory: '1Gi' } }, restart, 'restart'],
    [{ requests: { 'ephemeral-storage': '1' } }, {}, {}, 'none'],
  ]
  for (const [has, granted, rest, want] of table)
    it(`from ${JSON.stringify(has)} to ${JSON.stringify(granted)} is ${want}`, () =>
      assert.equal(resizeMode(container('a', rest), has, granted), want))

  it('concerns running containers only', () => {
    const subject = pod({
      containers: [container('a', { resources: cpu('2') }), container('b', { resources: cpu('2') })],
    })
    const records = [record('a'), record('b', { state: 'exited' })]
    const found = resizes(subject, records, askedGrants(subject), () => cpu('1'))
    assert.deepEqual(
      found.map(({ record, mode }) => `${record.id} ${mode}`),
      ['a0 update'],
    )
  })

  it('keeps what was granted until more is', () => {
    const small = pod({ containers: [container('a', { resources: cpu('1') })] })
    const large = pod({ containers: [container('a', { resources: cpu('2') })] })
    assert.equal(grantedPod(large, askedGrants(small)).spec.containers[0]?.resources.requests?.cpu, '1')
    assert.equal(sameGrants(askedGrants(small), askedGrants(large)), false)
  })

  const asking = (amount: string, uid = 'u1') =>
    pod({ containers: [container('a', { resources: cpu(amount) })] }, { uid })
  it('is refused where there is no room', () => {
    assert.equal(resizeRefusal(asking('2'), [asking('1')], node), undefined)
    assert.deepEqual(resizeRefusal(asking('3'), [], node), {
      reason: 'Infeasible',
      message: "Node didn't have enough capacity: cpu, requested: 3000, capacity: 2000",
    })
    assert.deepEqual(resizeRefusal(asking('2'), [asking('500m', 'u2')], node), {
      reason: 'Deferred',
      message: "Node didn't have enough resource: cpu, requested: 2000, used: 500, capacity: 2000",
    })
  })
})

describe('admission', () => {
  const required = (key: string, operator: string, values?: string[]) => ({
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key, operator, ...(values ? { values } : {}) }] }],
        },
      },
    },
  })
  const port = (hostPort: number, hostIP = '') => ({
    containers: [container('a', { ports: [{ containerPort: 80, hostPort, protocol: 'TCP', hostIP }] })],
  })
  const sysctl = (name: string) => ({ securityContext: { sysctls: [{ name, value: '1' }] } })
  const others = [pod({}, { uid: 'u2' }), pod({}, { uid: 'u3' }), pod({}, { uid: 'u4' })]
  const table: readonly (readonly [
    string,
    Parameters<typeof pod>[0],
    Partial<NodeState> & { others?: typeof others },
    string,
  ])[] = [
    ['anything', {}, {}, ''],
    ['too much', { containers: [container('a', { resources: cpu('3') })] }, {}, 'OutOfcpu'],
    [
      'a resource that others advertise',
      { containers: [container('a', { resources: { requests: { 'x.y/gpu': '1' } } })] },
      {},
      '',
    ],
    [
      'a resource that the node does not have',
      { containers: [container('a', { resources: { requests: { 'hugepages-2Mi': '2Mi' } } })] },
      {},
      'OutOfhugepages-2Mi',
    ],
    ['one too many', {}, { others }, 'OutOfpods'],
    ['a label that is there', { nodeSelector: { zone: 'a' } }, {}, ''],
    ['a label that is not', { nodeSelector: { zone: 'b' } }, {}, 'NodeAffinity'],
    ['In', required('zone', 'In', ['a', 'b']), {}, ''],
    ['not In', required('zone', 'In', ['b']), {}, 'NodeAffinity'],
    ['NotIn', required('zone', 'NotIn', ['b']), {}, ''],
    ['Exists', required('zone', 'Exists'), {}, ''],
    ['DoesNotExist', required('zone', 'DoesNotExist'), {}, 'NodeAffinity'],
    ['Gt', required('count', 'Gt', ['4']), {}, ''],
    ['not Lt', required('count', 'Lt', ['4']), {}, 'NodeAffinity'],
    ['a port that is taken', port(80), { others: [pod(port(80), { uid: 'u2' })] }, 'NodePorts'],
    ['a port of another address', port(80, '1.2.3.4'), { others: [pod(port(80, '5.6.7.8'), { uid: 'u2' })] }, ''],
    ['a port taken at all addresses', port(80, '1.2.3.4'), { others: [pod(port(80), { uid: 'u2' })] }, 'NodePorts'],
    ['another system', { os: { name: 'windows' } }, {}, 'PodOSNotSupported'],
    ['a safe sysctl', sysctl('net.ipv4.tcp_syncookies'), {}, ''],
    ['an unsafe sysctl', sysctl('kernel.sem'), {}, 'SysctlForbidden'],
    ['an allowed sysctl', sysctl('kernel/msgmax'), {}, ''],
    [
      "a sysctl of the node's network",
      { ...sysctl('net.ipv4.tcp_syncookies'), hostNetwork: true },
      {},
      'SysctlForbidden',
    ],
    ['best effort under memory pressure', {}, { memoryPressure: true }, 'Evicted'],
    [
      'burstable under memory pressure',
      { containers: [container('a', { resources: cpu('1') })] },
      { memoryPressure: true },
      '',
    ],
    ['disk pressure', {}, { diskPressure: true }, 'Evicted'],
    ['the system under pressure', { priority: 2_000_000_000 }, { diskPressure: true }, ''],
  ]
  for (const [title, spec, { others: active = [], ...state }, reason] of table)
    it(`${reason ? 'refuses' : 'takes'} ${title}`, () =>
      assert.equal(admit(pod(spec), active, { ...node, ...state })?.reason ?? '', reason))
})

describe('what events tell of a resize', () => {
  it('is what containers ask for', () => {
    const resources = { requests: { cpu: '1' }, limits: { cpu: '2' } }
    const subject = pod({ initContainers: [container('i')], containers: [container('a', { resources })] })
    const init = '"initContainers":[{"name":"i","resources":{}}]'
    const regular = '"containers":[{"name":"a","resources":{"limits":{"cpu":"2"},"requests":{"cpu":"1"}}}]'
    assert.equal(resourceSummary(subject), `{${init},${regular},"generation":1}`)
    assert.equal(
      resourceSummary(pod({ containers: [container('a')] }, { generation: 3 }), 'no room'),
      '{"containers":[{"name":"a","resources":{}}],"generation":3,"error":"no room"}',
    )
  })
})
