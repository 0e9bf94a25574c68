// What the API server can take: node bench/api.mjs [MEASURE ...] (T8S_DIST: the build; T8S_BENCH_PORT; T8S_BENCH_DIR: a
// folder on the disk to write to; T8S_BENCH_NODE: flags for the server's node). Needs h2load (Debian: nghttp2-client).
import { execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { bigPod, smallPod } from './api-pods.mjs'
import { openConnection } from './http2-connection.mjs'
import { dist, median, row } from './table.mjs'

const exec = promisify(execFile)
const main = join(dist, 'bundle/main.js')
const port = Number(process.env.T8S_BENCH_PORT ?? 27_444)
const nodeFlags = (process.env.T8S_BENCH_NODE ?? '').split(' ').filter(flag => flag !== '')
const token = 'bench'
const pods = 5000
const podsPath = '/api/v1/namespaces/default/pods'
const authorization = `Bearer ${token}`

const folder = await mkdtemp(join(process.env.T8S_BENCH_DIR ?? tmpdir(), 't8s-bench-'))
const file = name => join(folder, name)
await writeFile(file('tokens'), `${token},bench,1,"system:masters"\n`)
await writeFile(file('small.json'), JSON.stringify(smallPod()))

/** One request, over a connection of its own; undefined if there is nobody. */
const ask = (path, { method = 'GET', body } = {}) =>
  new Promise(resolve => {
    const headers = { authorization, ...(body ? { 'content-type': 'application/json' } : {}) }
    const sent = request({ port, path, method, headers, rejectUnauthorized: false, agent: false }, response => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', chunk => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode, text }))
    })
    sent.on('error', () => resolve(undefined))
    sent.end(body)
  })

/** Runs the server on a data folder while `action` lasts; `readyMs` is how long its start took. */
async function withServer(data, action) {
  const began = performance.now()
  const args = [...nodeFlags, main, 'apiserver', '--data-dir', file(data), '--secure-port', String(port)]
  const child = spawn(process.execPath, [...args, '--token-auth-file', file('tokens')], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, NODE_ENV: 'production' },
  })
  const ended = new Promise(resolve => child.once('exit', resolve))
  // Whatever breaks here, nothing stays behind.
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  while ((await ask('/readyz'))?.status !== 200) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`)
    await pause(5)
  }
  const readyMs = performance.now() - began
  // Pods want one; no controller is there to make it.
  await ask('/api/v1/namespaces/default/serviceaccounts', { method: 'POST', body: '{"metadata":{"name":"default"}}' })
  try {
    await action({ pid: child.pid, readyMs })
  } finally {
    child.kill('SIGTERM')
    await ended
    process.off('exit', kill)
  }
}

/** Processor time of a process so far, in ms. */
async function cpuMs(pid) {
  const [, user, system] = /\) (?:\S+ ){11}(\d+) (\d+)/.exec(await readFile(`/proc/${pid}/stat`, 'utf8')) ?? []
  return (Number(user) + Number(system)) * 10
}

async function residentMb(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024
}

/** Runs h2load; answers per request: how many a second, the server's processor time in µs, all times in ms. */
async function h2load(pid, path, count, { clients = 8, streams = 8, body, warmUp = 0 } = {}) {
  const log = file('h2load.log')
  const run = async number => {
    await rm(log, { force: true })
    const { stdout } = await exec(
      'h2load',
      [
        ...['-n', number, '-c', clients, '-m', streams, '-w', 30, '-W', 30, '--log-file', log],
        ...['-H', `authorization: ${authorization}`, '-H', 'accept: application/json'],
        ...(body ? ['-H', 'content-type: application/json', '-d', body] : []),
        `https://127.0.0.1:${port}${path}`,
      ].map(String),
    )
    const good = Number(/status codes: (\d+) 2xx/.exec(stdout)?.[1])
    if (good !== number) throw new Error(`h2load: ${good} of ${number} requests succeeded\n${stdout}`)
    return Number(/finished in [^,]+, ([\d.]+) req\/s/.exec(stdout)?.[1])
  }
  if (warmUp > 0) await run(warmUp)
  const before = await cpuMs(pid)
  const perSecond = await run(count)
  const micros = ((await cpuMs(pid)) - before) * (1000 / count)
  const times = (await readFile(log, 'utf8'))
    .trim()
    .split('\n')
    .map(line => Number(line.split('\t')[2]) / 1000)
  return { perSecond, micros, times }
}

const perSecond = ({ perSecond, micros }) =>
  `${Math.round(perSecond).toLocaleString('en')}/s (${Math.round(micros)} µs of processor each)`
const ms = value => `${value.toFixed(value < 10 ? 1 : 0)} ms`

/** Creates the pods that lists show, 64 at a time. */
async function fill() {
  const connection = await openConnection({ port, onFault: fail })
  let next = 0
  const creator = async () => {
    while (next < pods) {
      const body = Buffer.from(JSON.stringify(bigPod(next++)))
      await new Promise(resolve =>
        connection.request(
          { ':method': 'POST', ':path': podsPath, authorization, 'content-type': 'application/json' },
          body,
          () => {},
          resolve,
        ),
      )
    }
  }
  await Promise.all(Array.from({ length: 64 }, creator))
  connection.close()
}

const fail = error => {
  throw error
}

const quantile = (values, q) => values.toSorted()[Math.min(values.length - 1, Math.floor(values.length * q))]

/** Watchers of one pod over some connections, updates at a rate: how late they hear of them, in ms. */
async function watchDelay(pid, { watchers, connections, rate, seconds }) {
  const name = `watched-${rate}`
  const created = await ask(podsPath, { method: 'POST', body: JSON.stringify(smallPod(name)) })
  const version = JSON.parse(created?.text ?? '').metadata.resourceVersion
  const opened = await Promise.all(
    Array.from({ length: connections + 1 }, () => openConnection({ port, onFault: fail })),
  )
  const updates = rate * seconds
  const delays = new Float64Array(updates * watchers)
  let delivered = 0
  const mark = Buffer.from('"sent":"')
  const event = (bytes, from) => {
    const at = bytes.indexOf(mark, from) + mark.length
    delays[delivered++] = performance.now() - Number(bytes.latin1Slice(at, bytes.indexOf(34, at)))
  }
  const path = `${podsPath}?watch=true&resourceVersion=${version}&fieldSelector=metadata.name%3D${name}`
  for (let i = 0; i < watchers; i++) {
    let rest
    opened[i % connections]?.request(
      { ':method': 'GET', ':path': path, authorization, accept: 'application/json' },
      undefined,
      (bytes, from, to) => {
        // Mostly an event is a frame.
        if (rest) [bytes, from, to] = [Buffer.concat([rest, bytes.subarray(from, to)]), 0, rest.length + to - from]
        for (let end = bytes.indexOf(10, from); end >= 0 && end < to; end = bytes.indexOf(10, from)) {
          event(bytes, from)
          from = end + 1
        }
        rest = from < to ? Buffer.from(bytes.subarray(from, to)) : undefined
      },
    )
  }
  await pause(1000)
  const before = await cpuMs(pid)
  const writer = opened[connections]
  const began = performance.now()
  for (let i = 0; i < updates; i++) {
    const wait = began + (i * 1000) / rate - performance.now()
    if (wait > 1) await pause(wait)
    const body = Buffer.from(JSON.stringify({ metadata: { annotations: { sent: String(performance.now()) } } }))
    writer?.request(
      {
        ':method': 'PATCH',
        ':path': `${podsPath}/${name}`,
        authorization,
        'content-type': 'application/merge-patch+json',
      },
      body,
      () => {},
    )
  }
  for (let waits = 0; delivered < delays.length && waits < 300; waits++) await pause(100)
  const took = performance.now() - began
  const micros = (((await cpuMs(pid)) - before) * 1000) / delivered
  for (const connection of opened) connection.close()
  const seen = delays.subarray(0, delivered)
  return { delivered, expected: delays.length, p50: quantile(seen, 0.5), p99: quantile(seen, 0.99), micros, took }
}

const delayText = ({ delivered, expected, p50, p99, micros }) =>
  `p99 ${ms(p99)}, p50 ${ms(p50)}${delivered === expected ? '' : `, ${delivered} of ${expected}`} (${micros.toFixed(1)} µs each)`

const watchers = { watchers: 1000, connections: 12, seconds: 10 }

/** Each takes a server that has the pods, but `create` and `start`, which see to theirs. */
const measures = {
  async get({ pid }) {
    const measured = await h2load(pid, `${podsPath}/big-0`, 100_000, { warmUp: 20_000 })
    row('get a pod, 8 connections of 8 streams', '20,000/s', perSecond(measured))
  },
  async list({ pid }) {
    const { times, micros } = await h2load(pid, podsPath, 20, { clients: 1, streams: 1, warmUp: 5 })
    row(`list ${pods} pods`, '60 ms', `${ms(median(times))} (${ms(micros / 1000)} of processor)`)
  },
  async select({ pid }) {
    const path = `${podsPath}?labelSelector=app%3Dnothing`
    const { times, micros } = await h2load(pid, path, 200, { clients: 1, streams: 1, warmUp: 50 })
    row('list those that a label selects: none', '5 ms', `${ms(median(times))} (${ms(micros / 1000)} of processor)`)
  },
  async watch({ pid }) {
    const few = await watchDelay(pid, { ...watchers, rate: 20 })
    row('1,000 watchers of a pod, 20 updates/s', 'p99 30 ms', delayText(few))
    const many = await watchDelay(pid, { ...watchers, rate: 100 })
    row('1,000 watchers of a pod, 100 updates/s', 'p99 200 ms', delayText(many))
  },
}

async function measureFilled(chosen) {
  await withServer('data', async ({ pid }) => {
    await pause(2000)
    row('memory, idle', '130 MB', `${Math.round(await residentMb(pid))} MB`)
    const began = await cpuMs(pid)
    await fill()
    const micros = (((await cpuMs(pid)) - began) * 1000) / pods
    const { text } = (await ask(`${podsPath}/big-0`)) ?? {}
    row(
      `create ${pods} of ${((text ?? '').length / 1000).toFixed(1)} KB`,
      '',
      `${Math.round(micros)} µs of processor each`,
    )
    await pause(2000)
    row(`memory with ${pods} pods, just created`, '350 MB', `${Math.round(await residentMb(pid))} MB`)
  })
  const starts = []
  for (let i = 0; i < 2; i++) await withServer('data', async ({ readyMs }) => void starts.push(readyMs))
  await withServer('data', async server => {
    starts.push(server.readyMs)
    row(`start to /readyz with ${pods} pods`, '1 s', `${(median(starts) / 1000).toFixed(2)} s`)
    await pause(2000)
    row(`memory with ${pods} pods, restarted`, '350 MB', `${Math.round(await residentMb(server.pid))} MB`)
    for (const [name, measure] of Object.entries(measures)) if (chosen(name)) await measure(server)
    row('memory behind all that', '', `${Math.round(await residentMb(server.pid))} MB`)
  })
}

const measureCreate = () =>
  withServer('created', async ({ pid }) => {
    const measured = await h2load(pid, podsPath, 30_000, { body: file('small.json'), warmUp: 10_000 })
    row('create pods, 8 connections of 8 streams, durable', '6,000/s', perSecond(measured))
    row(`memory with ${(40_000).toLocaleString('en')} small pods`, '', `${Math.round(await residentMb(pid))} MB`)
  })

const names = process.argv.slice(2)
const chosen = name => names.length === 0 || names.includes(name)
try {
  if (!existsSync(main)) throw new Error(`${main} is not there: npm run build`)
  if (chosen('create')) await measureCreate()
  if (names.length === 0 || names.some(name => name in measures)) await measureFilled(chosen)
} finally {
  await rm(folder, { recursive: true, force: true })
}
