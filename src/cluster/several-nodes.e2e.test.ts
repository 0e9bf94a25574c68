import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { endChild, eventually, TestCluster } from './test-cluster.js'

const exec = promisify(execFile)

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly name: string }
    readonly spec: { readonly nodeName: string }
    readonly status: { readonly podIP: string; readonly conditions?: readonly { type: string; status: string }[] }
  }[]
}
interface NodeList {
  readonly items: readonly {
    readonly metadata: { readonly name: string }
    readonly status: { readonly addresses: readonly { type: string; address: string }[] }
  }[]
}

const web = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      topologySpreadConstraints:
      - {maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: ScheduleAnyway, labelSelector: {matchLabels: {app: web}}}
      terminationGracePeriodSeconds: 1
      containers:
      - name: web
        image: busybox:1
        command: [sh, -c, 'mkdir /w; echo $NODE > /w/index.html; exec httpd -f -p 80 -h /w']
        env: [{name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]
        readinessProbe: {httpGet: {port: 80}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: NodePort, selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: web}}}
`

describe('a cluster of several nodes on one machine', { timeout: 540_000 }, () => {
  let cluster: TestCluster
  let names: readonly string[]
  before(async () => {
    cluster = await TestCluster.prepare()
    await cluster.up('--nodes', '3')
    await cluster.loadImage('busybox', 'busybox:1')
    names = (await cluster.json<NodeList>('get', 'nodes')).items.map(({ metadata }) => metadata.name)
    const { code, stderr } = await cluster.tryKubectl(['apply', '-f', '-'], { input: web })
    assert.equal(code, 0, stderr)
    await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=180s')
  })
  after(async () => {
    await cluster[Symbol.asyncDispose]()
  })

  const pods = async () => (await cluster.json<PodList>('get', 'pods', '-l', 'app=web')).items

  it('has three ready nodes, and pods on each', async () => {
    assert.equal(names.length, 3)
    assert.equal((await cluster.kubectl('get', 'nodes', '--no-headers')).match(/ Ready /g)?.length, 3)
    assert.deepEqual(new Set((await pods()).map(({ spec }) => spec.nodeName)), new Set(names))
  })

  it('lets each pod reach all others, by their addresses and by name', async () => {
    const all = await pods()
    for (const { metadata } of all) {
      const ask = async (host: string) =>
        (await cluster.kubectl('exec', metadata.name, '--', 'timeout', '5', 'wget', '-qO-', `http://${host}`)).trim()
      for (const { spec, status } of all) assert.equal(await ask(status.podIP), spec.nodeName)
      assert.ok(names.includes(await ask('web.default.svc.cluster.local')))
    }
  })

  it('serves node ports at each node', async () => {
    const port = await cluster.kubectl('get', 'service', 'web', '-o', 'jsonpath={.spec.ports[0].nodePort}')
    for (const { status } of (await cluster.json<NodeList>('get', 'nodes')).items) {
      const { address } = status.addresses.find(({ type }) => type === 'InternalIP') ?? {}
      const { stdout } = await exec('curl', ['-s', '--max-time', '5', `http://${address}:${port}`])
      assert.ok(names.includes(stdout.trim()), stdout)
    }
  })

  it('drains a node as the disruption budget allows, and uses it again', async () => {
    const [node = ''] = names.filter(name => name.endsWith('-2'))
    await cluster.kubectl('scale', 'deployment/web', '--replicas=6')
    await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=180s')
    const shown = 'jsonpath={.status.currentHealthy} of {.status.desiredHealthy} {.status.expectedPods}{"\\n"}'
    await eventually(
      'the budget knows of all',
      async () => (await cluster.kubectl('get', 'pdb', 'web', '-o', shown)) === '6 of 5 6\n',
    )
    const watching = cluster.startKubectl('get', 'pdb', 'web', '-w', '-o', shown)
    let seen = ''
    watching.stdout?.on('data', chunk => {
      seen += String(chunk)
    })
    try {
      await eventually('the watch has begun', () => seen !== '')
      assert.ok((await pods()).some(({ spec }) => spec.nodeName === node))
      await cluster.kubectl('drain', node, '--ignore-daemonsets', '--timeout=180s')
      assert.deepEqual(
        (await pods()).filter(({ spec }) => spec.nodeName === node),
        [],
      )
      await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=180s')
      await eventually('the budget has seen the last one replaced', () => /^5 of 5 6\n(.*\n)*6 of 5 6\n$/m.test(seen))
    } finally {
      await endChild(watching)
    }
    for (const line of seen.trim().split('\n')) assert.match(line, /^[56] of 5 6$/)
    await cluster.kubectl('uncordon', node)
    await cluster.kubectl('scale', 'deployment/web', '--replicas=9')
    await eventually('a pod runs on the node again', async () =>
      (await pods()).some(({ spec }) => spec.nodeName === node),
    )
  })

  it('logs and status tell of each node', async () => {
    assert.match(await cluster.t8s('status'), /node-3 +running.*\n\n.*API server +ok\n +nodes +ok/s)
    assert.match(await cluster.t8s('logs', 'containerd-2', '--tail', '1'), /containerd|level=/)
  })

  it('comes up with fewer nodes and forgets the others', async () => {
    await cluster.t8s('down')
    await cluster.up('--nodes', '2')
    const { items } = await cluster.json<NodeList>('get', 'nodes')
    assert.deepEqual(
      items.map(({ metadata }) => metadata.name).sort(),
      names.filter(name => !name.endsWith('-3')).sort(),
    )
    await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=180s')
  })

  it('leaves nothing in the kernel when it is deleted', async () => {
    await cluster.t8s('delete')
    const left = await Promise.all([
      exec('ip', ['netns', 'list']),
      exec('ip', ['-o', 'link']),
      exec('nft', ['list', 'tables']),
      exec('ip', ['route']),
    ])
    const [netns, links, tables] = left.map(({ stdout }) => stdout)
    assert.ok(!netns?.includes(cluster.name) && !tables?.includes(cluster.name))
    assert.ok(!links?.includes(`t8s2-${cluster.name.slice(-8)}`))
  })
})
