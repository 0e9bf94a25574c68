// A whole cluster on this machine: how long `up` takes, pods take, and what it costs to do nothing. Needs root.
import { execFile, spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { dist, median, row } from './table.mjs'

const exec = promisify(execFile)
const main = join(dist, 'bundle/main.js')
const [
  { apiClient },
  { httpsTransport },
  { loadKubeconfig },
  { Pod },
  { writeImageArchive },
  { testImages },
  { ControlPlane },
] = await Promise.all(
  [
    'client/api-client.js',
    'client/https-transport.js',
    'cluster/connection.js',
    'api/core/v1/index.js',
    'kubelet/runtime/index.js',
    'kubelet/runtime/test-images.js',
    'cluster/control-plane.js',
  ].map(path => import(join(dist, path))),
)

const timed = async action => {
  const began = performance.now()
  await action()
  return performance.now() - began
}

export async function controlPlane() {
  const starts = []
  for (let i = 0; i < 7; i++) {
    const began = performance.now()
    const plane = await ControlPlane.start()
    starts.push(performance.now() - began)
    await plane[Symbol.asyncDispose]()
  }
  row('ControlPlane.start() in a warm process', '200 ms', `${Math.round(median(starts.slice(1)))} ms`)
}

export async function apiServer() {
  const folder = await mkdtemp(join(tmpdir(), 't8s-bench-'))
  const starts = []
  for (let i = 0; i < 5; i++) {
    const began = performance.now()
    const port = 27_443
    const child = spawn(
      process.execPath,
      [main, 'apiserver', '--data-dir', join(folder, 'data'), '--secure-port', String(port)],
      {
        stdio: 'ignore',
        env: { ...process.env, NODE_ENV: 'production' },
      },
    )
    while (!(await isReady(port))) await pause(5)
    starts.push(performance.now() - began)
    const ended = new Promise(resolve => child.once('exit', resolve))
    child.kill('SIGTERM')
    await ended
  }
  await rm(folder, { recursive: true })
  row('API server alone, start to /readyz', '0.5 s', `${(median(starts) / 1000).toFixed(2)} s`)
}

const isReady = port =>
  new Promise(resolve => {
    const sent = request({ port, path: '/readyz', rejectUnauthorized: false, agent: false }, response => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    sent.on('error', () => resolve(false))
    sent.end()
  })

export async function cluster() {
  const folder = await mkdtemp(join(tmpdir(), 't8s-bench-'))
  const kubeconfig = join(folder, 'kubeconfig')
  const t8s = (...args) =>
    exec(process.execPath, [main, ...args, '--name', 'bench', '--root', join(folder, 'root')], {
      env: { ...process.env, HOME: folder },
    })
  const up = () =>
    t8s(
      'up',
      '--api-port',
      '27443',
      '--kubelet-port',
      '27250',
      '--dns-port',
      '27053',
      '--service-cidr',
      '10.99.0.0/20',
      '--pod-cidr',
      '10.99.128.0/17',
      '--kubeconfig',
      kubeconfig,
    )
  try {
    const ups = []
    for (let i = 0; i < 3; i++) {
      ups.push(await timed(up))
      if (i < 2) await t8s('delete')
    }
    row('t8s up, empty data, to node Ready and DNS', '4 s', `${(median(ups) / 1000).toFixed(1)} s`)
    await writeImageArchive(join(folder, 'busybox.tar'), await testImages.busybox('busybox:1'))
    await t8s('image', 'load', join(folder, 'busybox.tar'))
    const transport = httpsTransport(await loadKubeconfig(kubeconfig))
    const client = apiClient(transport.handle)
    const create = name =>
      client.create(Pod, {
        metadata: { name, namespace: 'default' },
        spec: {
          terminationGracePeriodSeconds: 0,
          containers: [{ name: 'c', image: 'busybox:1', command: ['sleep', '100000'] }],
        },
      })
    const ready = async names => {
      const waiting = new Set(names)
      const stop = new AbortController()
      for await (const { object } of client.watch(Pod, {
        namespace: 'default',
        sendInitialEvents: true,
        signal: stop.signal,
      })) {
        if (object?.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'))
          waiting.delete(object.metadata.name)
        if (waiting.size === 0) break
      }
      stop.abort()
    }
    await pause(2000)
    const singles = []
    for (let i = 0; i < 7; i++)
      singles.push(
        await timed(async () => {
          await create(`one-${i}`)
          await ready([`one-${i}`])
        }),
      )
    row('pod: create to Ready, image present', '0.4 s', `${(median(singles) / 1000).toFixed(2)} s`)
    const names = Array.from({ length: 30 }, (_, i) => `many-${i}`)
    const many = await timed(async () => {
      await Promise.all(names.map(create))
      await ready(names)
    })
    row('30 such pods at once, all Ready', '3 s', `${(many / 1000).toFixed(1)} s`)
    await client.deleteCollection(Pod, { namespace: 'default' })
    await pause(15_000)
    const { memory, ticks } = await usage(folder)
    await pause(30_000)
    const later = await usage(folder)
    row('memory of all Typernetes processes, idle (RSS)', '350 MB', `${Math.round(memory)} MB`)
    row('idle CPU, containerd included, of one core', '2 %', `${((later.ticks - ticks) / 30).toFixed(1)} %`)
    await transport[Symbol.asyncDispose]()
  } finally {
    await t8s('delete').catch(() => {})
    await rm(folder, { recursive: true, force: true })
  }
}

/** Memory of our own processes in MB, and processor time, in hundredths of a second, of all that work for the cluster. */
async function usage(folder) {
  let memory = 0
  let ticks = 0
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue
    const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0')
    if (!command.some(word => word.startsWith(folder)) || Number(pid) === process.pid) continue
    const stat = (await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')).split(' ')
    ticks += Number(stat[13] ?? 0) + Number(stat[14] ?? 0)
    if (!command.includes(main)) continue
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
    memory += Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1000
  }
  return { memory, ticks }
}
