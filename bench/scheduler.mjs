// How fast pods get their nodes. The control plane runs in this process, in memory, without controllers; nodes are objects
// and nothing more. Pods are created through the API server first; then the scheduler starts, and the clock runs from the
// first binding until the API server shows all pods bound, events and all other writes of the scheduler included.
// Arguments: names of cases.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { cases, namespace, nodeOf, nodes, podOf } from './scheduler-cases.mjs'
import { dist, row } from './table.mjs'

process.env.NODE_ENV ??= 'production'
const load = path => import(join(dist, path))
const { Deployment } = await load('api/apps/v1/index.js')
const { Node, Pod, Service, ServiceAccount } = await load('api/core/v1/index.js')
const { Informers } = await load('client/index.js')
const { ControlPlane } = await load('cluster/control-plane.js')
const { startDefaultScheduler } = await load('cluster/components.js')

/** A node that is ready; nobody is there who would take its first taint away. */
async function createNode(client, { metadata, status }) {
  await client.create(Node, { metadata })
  await client.patch(Node, metadata, { type: 'merge', body: { status } }, { subresource: 'status' })
  await client.patch(Node, metadata, { type: 'merge', body: { spec: { taints: null } } })
}

/** Runs an action for each number up to `count`, so many at a time. */
async function each(count, action, width = 64) {
  let next = 0
  const worker = async () => {
    for (let i = next++; i < count; i = next++) await action(i)
  }
  await Promise.all(Array.from({ length: width }, worker))
}

const onError = error => console.error(error)

async function withPlane(options, run) {
  const plane = await ControlPlane.start({ port: false, onError, ...options })
  const informers = new Informers({ client: plane.client, onError })
  try {
    const informer = informers.of(Pod)
    await informer.synced()
    await run(plane.client, informer)
  } finally {
    await informers[Symbol.asyncDispose]()
    await plane[Symbol.asyncDispose]()
  }
}

async function measure(client, informer, name, { reach, zones = 3, before, pods, measured, churn }) {
  await client.create(ServiceAccount, { metadata: { name: 'default', namespace } })
  await each(nodes, i => createNode(client, nodeOf(`node-${i}`, i, zones)))
  let unbound = 0
  const counting = informer.onChange((pod, old, change) => {
    const isBound = Boolean(pod.spec.nodeName)
    if (change === 'added' && !isBound) unbound++
    else if (change === 'modified' && isBound && !old?.spec.nodeName) unbound--
    else if (change === 'deleted' && !isBound) unbound--
  })
  const create = async (prefix, count, spec) => {
    await each(count, i => client.create(Pod, podOf(`${prefix}-${i}`, spec)))
    await informer.until(() => informer.list().length >= count)
  }
  if (before) {
    const [count, spec] = before
    // Bound where they belong without a scheduler: in turns, as all nodes are alike.
    await each(count, i => client.create(Pod, { ...podOf(`before-${i}`, { ...spec, nodeName: `node-${i % nodes}` }) }))
  }
  await create('measured', pods, measured)
  await informer.until(() => unbound === pods)
  globalThis.gc?.()
  let churning = Boolean(churn)
  const churned = churn ? churnUntil(client, () => !churning) : undefined
  const scheduler = await startDefaultScheduler({ client, onError })
  // It first takes in what there is; the clock starts with the first pod that gets its node.
  await informer.until(() => unbound < pods)
  const [began, cpu, first] = [performance.now(), process.cpuUsage(), pods - unbound]
  await informer.until(() => unbound <= (churn ? 2 : 0))
  const seconds = (performance.now() - began) / 1000
  const { user, system } = process.cpuUsage(cpu)
  churning = false
  await churned
  await scheduler[Symbol.asyncDispose]()
  counting[Symbol.dispose]()
  const each1 = Math.round((user + system) / (pods - first))
  row(`scheduler, ${name}`, `${reach}/s`, `${Math.round((pods - first) / seconds)}/s`)
  console.log(`${''.padEnd(50)} ${''.padStart(10)} ${`${each1} us each`.padStart(12)}`)
}

/** Nodes, pods and services come and go, one of each at a time. */
async function churnUntil(client, isOver) {
  for (let i = 0; !isOver(); i++) {
    const name = `churn-${i}`
    await client.create(Node, { metadata: nodeOf(name, i, 3).metadata })
    await client.create(Pod, podOf(name, { schedulerName: 'nobody' }))
    await client.create(Service, {
      metadata: { name, namespace },
      spec: { selector: { app: name }, ports: [{ port: 80 }] },
    })
    await pause(10)
    await client.delete(Service, { name, namespace })
    await client.delete(Pod, { name, namespace }, { gracePeriodSeconds: 0 })
    await client.delete(Node, { name })
  }
}

/** A deployment of 2,000 replicas on 100 simulated nodes, from its creation until all are bound, on disk. */
async function deployment() {
  const folder = await mkdtemp(join(tmpdir(), 't8s-bench-'))
  try {
    await withPlane({ simulatedNodes: 100, dataDir: join(folder, 'data') }, deploy)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function deploy(client, informer) {
  await pause(2_000)
  const began = performance.now()
  await client.create(Deployment, {
    metadata: { name: 'many', namespace },
    spec: {
      replicas: 2_000,
      selector: { matchLabels: { app: 'many' } },
      template: {
        metadata: { labels: { app: 'many' } },
        spec: {
          containers: [{ name: 'c', image: 'pause:3', resources: { requests: { cpu: '100m', memory: '64Mi' } } }],
        },
      },
    },
  })
  let count = 0
  informer.onChange((pod, old) => {
    if (pod.spec.nodeName && !old?.spec.nodeName) count++
  })
  await informer.until(() => count >= 2_000)
  row('deployment of 2,000 on 100 nodes, all bound', '1.2 s', `${((performance.now() - began) / 1000).toFixed(2)} s`)
}

/** What the control plane takes with 5,000 nodes and 50,000 pods, bound by its scheduler. */
async function memory(client) {
  await each(nodes, i => createNode(client, nodeOf(`node-${i}`, i, 3)))
  await each(50_000, i => client.create(Pod, podOf(`many-${i}`, { cpu: '10m' })))
  await pause(20_000)
  row('memory with 5,000 nodes and 50,000 pods', '2000 MB', `${Math.round(process.memoryUsage().rss / 1e6)} MB`)
}

const chosen = process.argv.slice(2)
// A control plane that does not listen does not keep the process.
setInterval(() => {}, 1_000)
for (const [name, options] of Object.entries(cases))
  if (chosen.length === 0 || chosen.includes(name))
    await withPlane({ controllers: false, scheduler: false }, (client, informer) =>
      measure(client, informer, name, options),
    )
if (chosen.length === 0 || chosen.includes('deployment')) await deployment()
if (chosen.length === 0 || chosen.includes('memory')) await withPlane({}, memory)
process.exit(0)
