// What writes cost the server behind its transport: node bench/writes.mjs [MEASURE ...] (T8S_DIST: the build;
// T8S_BENCH_DIR: a folder on the disk to write to, or `memory`). Requests as they come over the wire, 64 at a time; those
// whose names begin with `own-` as the scheduler and controllers make them, in the server's own process.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { bigPod, smallPod } from './api-pods.mjs'
import { dist, row } from './table.mjs'

process.env.NODE_ENV = 'production'
const { ControlPlane } = await import(pathToFileURL(join(dist, 'cluster/control-plane.js')).href)
const { tokenFile } = await import(pathToFileURL(join(dist, 'server/authentication/token-file.js')).href)
const { Event, Pod } = await import(pathToFileURL(join(dist, 'api/core/v1/index.js')).href)
const inMemory = process.env.T8S_BENCH_DIR === 'memory'
const folder = inMemory ? undefined : await mkdtemp(join(process.env.T8S_BENCH_DIR ?? tmpdir(), 't8s-bench-'))
const podsPath = '/api/v1/namespaces/default/pods'
const plane = await ControlPlane.start({
  controllers: false,
  scheduler: false,
  port: false,
  ...(folder ? { dataDir: folder } : {}),
  authenticators: [tokenFile('bench,bench,1,"system:masters"\n')],
})
const never = new AbortController().signal

/** One request, as the HTTP adapters make them. */
async function send(method, path, body, type = 'application/json') {
  const url = new URL(path, 'https://localhost')
  const response = await plane.server.handle({
    method,
    path: url.pathname,
    query: url.searchParams,
    headers: {
      accept: 'application/json',
      authorization: 'Bearer bench',
      'content-type': type,
      'user-agent': 'bench/1',
    },
    body: body ? { kind: 'bytes', read: async () => body } : { kind: 'none' },
    signal: never,
    remoteAddress: '127.0.0.1',
  })
  let bytes = 0
  if (response.body.kind === 'bytes') for (const chunk of response.body.chunks) bytes += chunk.length
  else if (response.body.kind === 'stream') for await (const chunk of response.body.chunks) bytes += chunk.length
  if (response.status >= 300)
    throw new Error(`${method} ${path}: ${response.status} ${Buffer.concat(response.body.chunks ?? [])}`)
  return { response, bytes }
}

/** Processor time of the main thread so far, in ms. */
async function mainThreadMs() {
  const stat = await readFile(`/proc/self/task/${process.pid}/stat`, 'utf8')
  const [, user, system] = /\) (?:\S+ ){11}(\d+) (\d+)/.exec(stat) ?? []
  return (Number(user) + Number(system)) * 10
}

async function rounds(count, action, writers = 64) {
  let next = 0
  const loop = async () => {
    for (let i = next++; i < count; i = next++) await action(i)
  }
  await Promise.all(Array.from({ length: writers }, loop))
}

async function measure(what, count, action, { warmUp = Math.min(count, 4000), writers } = {}) {
  if (warmUp) await rounds(warmUp, action, writers)
  const main = await mainThreadMs()
  const before = process.cpuUsage()
  const began = performance.now()
  await rounds(count, i => action(warmUp + i), writers)
  const { user, system } = process.cpuUsage(before)
  const took = performance.now() - began
  const own = (((await mainThreadMs()) - main) * 1000) / count
  row(
    what,
    `${Math.round((count * 1000) / took).toLocaleString('en')}/s`,
    `${((user + system) / count).toFixed(0)} us of processor each, ${own.toFixed(0)} us of them in the main thread`,
  )
}

const json = value => Buffer.from(JSON.stringify(value))
const pods = 2000
const names = Array.from({ length: pods }, (_, i) => `pod-${i}`)
const nth = i => `${podsPath}/${names[i % pods]}`
const condition = i => ({ type: 'Ready', status: i % 2 ? 'True' : 'False', message: `turn ${i}` })

/** A pod's place on a node, as the scheduler says it. */
const binding = (name, i) => ({
  apiVersion: 'v1',
  kind: 'Binding',
  metadata: { name, namespace: 'default' },
  target: { kind: 'Node', name: `node-${i % 100}` },
})

/** What the scheduler tells of a pod, as new clients write it. */
const newEvent = i => ({
  apiVersion: 'events.k8s.io/v1',
  kind: 'Event',
  metadata: { name: `new-event-${i}`, namespace: 'default' },
  eventTime: '2026-01-02T03:04:05.000006Z',
  action: 'Binding',
  reason: 'Scheduled',
  note: `Successfully assigned default/pod-${i} to node-${i % 100}`,
  regarding: { apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: `pod-${i}`, resourceVersion: `${i}` },
  reportingController: 'default-scheduler',
  reportingInstance: 'default-scheduler-1',
  type: 'Normal',
})

/** The same as components of the server's process write it. */
const ownEvent = i => ({
  metadata: { name: `own-event-${i}`, namespace: 'default' },
  involvedObject: { apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: `pod-${i}`, resourceVersion: `${i}` },
  reason: 'Scheduled',
  message: `Successfully assigned default/pod-${i} to node-${i % 100}`,
  source: { component: 'default-scheduler' },
  firstTimestamp: '2026-01-02T03:04:05Z',
  lastTimestamp: '2026-01-02T03:04:05Z',
  count: 1,
  type: 'Normal',
  reportingComponent: 'default-scheduler',
  reportingInstance: '',
})

/** Pods that have no node yet. */
async function unbound(prefix, count) {
  const names = Array.from({ length: count }, (_, i) => `${prefix}-${i}`)
  await rounds(count, i => send('POST', podsPath, json(smallPod(names[i]))))
  return names
}

async function fill() {
  if (fill.done) return
  fill.done = true
  await rounds(pods, i => send('POST', podsPath, json(smallPod(names[i]))))
}

const measures = {
  async create() {
    const body = json(smallPod())
    await measure('create small pods', 20_000, () => send('POST', podsPath, body), { warmUp: 10_000 })
  },
  async big() {
    await measure('create pods of 7.5 KB', 6000, i => send('POST', podsPath, json(bigPod(i))), { warmUp: 3000 })
  },
  async list() {
    await send('GET', podsPath)
    const times = []
    let size = 0
    for (let i = 0; i < 20; i++) {
      const began = performance.now()
      size = (await send('GET', podsPath)).bytes
      times.push(performance.now() - began)
    }
    row(`list ${(size / 1e6).toFixed(0)} MB`, '', `${times.toSorted((a, b) => a - b)[10].toFixed(1)} ms`)
  },
  async merge() {
    await fill()
    await measure('merge patch', 10_000, i =>
      send('PATCH', nth(i), json({ metadata: { annotations: { i: `${i}` } } }), 'application/merge-patch+json'),
    )
  },
  async status() {
    await fill()
    const patch = i => json({ status: { phase: 'Running', podIP: `10.0.0.${i % 250}`, conditions: [condition(i)] } })
    await measure('strategic patch of the status', 10_000, i =>
      send('PATCH', `${nth(i)}/status`, patch(i), 'application/strategic-merge-patch+json'),
    )
  },
  async apply() {
    await fill()
    const config = i => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: names[i % pods], labels: { turn: `t${i}` } },
    })
    await measure('server-side apply', 10_000, i =>
      send('PATCH', `${nth(i)}?fieldManager=applier&force=true`, json(config(i)), 'application/apply-patch+yaml'),
    )
  },
  async update() {
    await fill()
    await measure('get and update', 10_000, async i => {
      const { response } = await send('GET', nth(i))
      const pod = JSON.parse(Buffer.concat(response.body.chunks).toString())
      pod.metadata.annotations = { ...pod.metadata.annotations, updated: `${i}` }
      await send('PUT', nth(i), json(pod))
    })
  },
  async lease() {
    const path = '/apis/coordination.k8s.io/v1/namespaces/default/leases'
    const leases = 1000
    const versions = []
    const write = async (method, i, resourceVersion) => {
      const name = `lease-${i % leases}`
      const renewTime = new Date(1.7e12 + i * 1000).toISOString().replace('Z', '000Z')
      const spec = { holderIdentity: name, leaseDurationSeconds: 40, renewTime }
      const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name, resourceVersion }, spec }
      const { response } = await send(method, method === 'POST' ? path : `${path}/${name}`, json(lease))
      versions[i % leases] = JSON.parse(Buffer.concat(response.body.chunks).toString()).metadata.resourceVersion
    }
    await rounds(leases, i => write('POST', i))
    await measure('renew a lease', 10_000, i => write('PUT', i, versions[i % leases]))
  },
  async bind() {
    const names = await unbound('bind', 12_000)
    await measure(
      'bind a pod',
      10_000,
      i => send('POST', `${podsPath}/${names[i]}/binding`, json(binding(names[i], i))),
      {
        warmUp: 2000,
      },
    )
  },
  async event() {
    const path = '/apis/events.k8s.io/v1/namespaces/default/events'
    await measure('create an event', 20_000, i => send('POST', path, json(newEvent(i))))
  },
  async 'own-create'() {
    const pod = i => ({ ...smallPod(`own-${i}`), status: {} })
    await measure('own: create small pods', 20_000, i => plane.client.create(Pod, pod(i)))
  },
  async 'own-bind'() {
    const names = await unbound('own-bind', 12_000)
    await measure(
      'own: bind a pod',
      10_000,
      i => plane.client.post(Pod, { name: names[i], namespace: 'default' }, 'binding', binding(names[i], i)),
      { warmUp: 2000 },
    )
  },
  async 'own-event'() {
    await measure('own: create an event', 20_000, i => plane.client.create(Event, ownEvent(i)))
  },
  async 'own-status'() {
    await fill()
    const patch = i => ({ status: { phase: 'Running', podIP: `10.0.0.${i % 250}`, conditions: [condition(i)] } })
    await measure('own: strategic patch of the status', 10_000, i =>
      plane.client.patch(
        Pod,
        { name: names[i % pods], namespace: 'default' },
        { type: 'strategic', body: patch(i) },
        { subresource: 'status' },
      ),
    )
  },
  async delete() {
    await fill()
    await measure('delete', pods, i => send('DELETE', `${nth(i)}?gracePeriodSeconds=0`), { warmUp: 0 })
  },
}

try {
  await send('POST', '/api/v1/namespaces/default/serviceaccounts', json({ metadata: { name: 'default' } }))
  const chosen = process.argv.slice(2)
  for (const [name, run] of Object.entries(measures)) if (chosen.length === 0 || chosen.includes(name)) await run()
} finally {
  await plane[Symbol.asyncDispose]()
  if (folder) await rm(folder, { recursive: true, force: true })
}
