// Controllers at work on a control plane in this process, on disk, with simulated nodes.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { dist, row } from './table.mjs'

process.env.NODE_ENV ??= 'production'
const [{ ControlPlane }, { Informers }, { Deployment }, { Namespace, Pod, ServiceAccount, ConfigMap }] =
  await Promise.all(
    ['cluster/control-plane.js', 'client/informers.js', 'api/apps/v1/index.js', 'api/core/v1/index.js'].map(
      path => import(join(dist, path)),
    ),
  )

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
  const began = performance.now()
  await each(deployments, 32, number => client.create(Deployment, deployment('many', `d-${number}`, replicas)))
  const running = () => pods.list({ namespace: 'many' }).filter(({ status }) => status.phase === 'Running').length
  await until(() => pods.size >= deployments * replicas && running() === deployments * replicas)
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

/** How long after a deployment is made its first consequence is there, when nothing else happens. */
async function latency(plane, rounds) {
  const { client } = plane
  await namespaceOf(client, 'quiet')
  const delays = []
  for (let round = 0; round < rounds; round++) {
    const name = `n-${round}`
    const began = performance.now()
    await client.create(Namespace, { metadata: { name } })
    for await (const event of client.watch(ConfigMap, {
      namespace: name,
      fieldSelector: 'metadata.name=kube-root-ca.crt',
      sendInitialEvents: true,
    }))
      if (event.type === 'ADDED') break
    delays.push(performance.now() - began)
    await pause(20)
  }
  const p99 = delays.toSorted((a, b) => a - b)[Math.floor(delays.length * 0.99)]
  row('event to reconcile and its write, idle: p99', '10 ms', `${p99.toFixed(1)} ms`)
}

try {
  const plane = await ControlPlane.start({ port: false, dataDir: join(folder, 'data'), simulatedNodes: 100 })
  await latency(plane, 200)
  await deletion(plane, Number(process.env.T8S_BENCH_DEPLOYMENTS ?? 1000), 10)
  await plane[Symbol.asyncDispose]()
} finally {
  await rm(folder, { recursive: true, force: true })
}
