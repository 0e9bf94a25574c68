// Controllers at work on a control plane in this process, on disk, with simulated nodes.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { dist, row } from './table.mjs'

process.env.NODE_ENV ??= 'production'
const load = path => import(join(dist, path))
const { ControlPlane } = await load('cluster/control-plane.js')
const { controller, Informers, runControllers } = await load('client/index.js')
const { Deployment } = await load('api/apps/v1/index.js')
const { Namespace, Pod, ServiceAccount, ConfigMap } = await load('api/core/v1/index.js')

const folder = await mkdtemp(join(process.env.T8S_BENCH_DIR ?? tmpdir(), 't8s-bench-'))
const seconds = ms => `${(ms / 1000).toFixed(1)} s`

const deployment = (namespace, name, replicas) => ({
  metadata: { namespace, name },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'app:1' }] } },
  },
})

async function until(check) {
  while (!(await check())) await pause(5)
}

/** Runs `task` for each number below `count`, so many at a time. */
async function each(count, atOnce, task) {
  let next = 0
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (next < count) await task(next++)
    }),
  )
}

async function namespaceOf(client, name) {
  await client.create(Namespace, { metadata: { name } })
  await until(() =>
    client.get(ServiceAccount, { namespace: name, name: 'default' }).then(
      () => true,
      () => false,
    ),
  )
}

/** How long a namespace of many deployments takes to go. */
async function deletion(plane, deployments, replicas) {
  const { client } = plane
  const informers = new Informers({ client })
  const pods = informers.of(Pod)
  await informers.synced()
  await namespaceOf(client, 'many')
  let running = 0
  pods.onChange((pod, old) => {
    if (pod.status.phase === 'Running' && old?.status.phase !== 'Running') running++
  })
  const began = performance.now()
  await each(deployments, 32, number => client.create(Deployment, deployment('many', `d-${number}`, replicas)))
  await pods.until(() => running === deployments * replicas)
  row(`${deployments} deployments of ${replicas}, all running`, '-', seconds(performance.now() - began))
  await pause(2000)
  const deleted = performance.now()
  await client.delete(Namespace, { name: 'many' })
  await until(() =>
    client.get(Namespace, { name: 'many' }).then(
      () => false,
      () => true,
    ),
  )
  row('the same deleted with their namespace', '5 s', seconds(performance.now() - deleted))
  await informers[Symbol.asyncDispose]()
}

/**
 * How long after a change is on disk a controller looks at it, and how long until what it writes is on disk, too, when
 * nothing else happens than what the other controllers do about the same change.
 */
async function latency(plane, rounds) {
  const { client } = plane
  const known = new Map()
  const probe = controller({
    name: 'probe',
    watches: { for: Namespace },
    async reconcile({ name }, { client }) {
      const round = known.get(name)
      if (!round || round.looked) return
      round.looked = performance.now()
      await client.create(ConfigMap, { metadata: { namespace: name, name: 'probe' } })
      round.written(performance.now())
    },
  })
  const running = runControllers([probe], { client })
  await running.ready
  const delays = { looked: [], written: [] }
  for (let number = 0; number < rounds; number++) {
    const name = `n-${number}`
    const round = {}
    const written = new Promise(resolve => {
      round.written = resolve
    })
    known.set(name, round)
    await client.create(Namespace, { metadata: { name } })
    const changed = performance.now()
    delays.written.push((await written) - changed)
    delays.looked.push(round.looked - changed)
    await pause(20)
  }
  await running[Symbol.asyncDispose]()
  const p99 = values => `${values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.99)].toFixed(1)} ms`
  row('event to reconcile, idle: p99', '10 ms', p99(delays.looked))
  row('event to reconcile and its write, idle: p99', '10 ms', p99(delays.written))
}

try {
  const plane = await ControlPlane.start({ port: false, dataDir: join(folder, 'data'), simulatedNodes: 100 })
  // Until the nodes' first leases and taints are done with.
  await pause(2000)
  await latency(plane, 200)
  await deletion(plane, Number(process.env.T8S_BENCH_DEPLOYMENTS ?? 1000), 10)
  await plane[Symbol.asyncDispose]()
} finally {
  await rm(folder, { recursive: true, force: true })
}
