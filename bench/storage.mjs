// How fast the stores are: node bench/storage.mjs (T8S_DIST: the build, T8S_BENCH_DIR: a directory on the disk to try).
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { pathToFileURL } from 'node:url'

const dist = path.resolve(process.env.T8S_DIST ?? path.join(import.meta.dirname, '../dist'))
const { lmdbStore, memoryStore } = await import(pathToFileURL(path.join(dist, 'storage/index.js')).href)
const directory = fs.mkdtempSync(path.join(process.env.T8S_BENCH_DIR ?? os.tmpdir(), 't8s-bench-'))

const keyOf = i => `/registry/pods/namespace-${i % 40}/deployment-7d4b9c-${String(i).padStart(6, '0')}`
const ms = digits => value => `${value.toFixed(digits)} ms`
const perSecond = value => `${Math.round(value).toLocaleString('en')}/s`
const quantiles = times => {
  times.sort((a, b) => a - b)
  return `${ms(2)(times[times.length >> 1])} (p99 ${ms(2)(times[Math.floor(times.length * 0.99)])})`
}

/** Runs `write(i)` for 0 to count-1 in so many loops at once. */
async function writers(concurrency, count, write) {
  const times = []
  let next = 0
  const start = performance.now()
  const loop = async () => {
    for (let i = next++; i < count; i = next++) {
      const begin = performance.now()
      await write(i)
      times.push(performance.now() - begin)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, loop))
  return `${perSecond((count / (performance.now() - start)) * 1000)}, ${quantiles(times)}`
}

async function timed(action) {
  const start = performance.now()
  const result = await action()
  return { time: performance.now() - start, result }
}

async function measure(store) {
  const rows = {}
  const count = 20_000
  const revisions = []
  const small = Buffer.alloc(300, 'v')
  const create = async i => {
    revisions[i] = await store.create(keyOf(i), small)
  }
  const updateWith = value => async i => {
    const at = (i * 7919) % count
    revisions[at] = await store.update(keyOf(at), value, revisions[at])
  }
  const update = updateWith(small)
  rows['create 300 B, 64 writers'] = await writers(64, count, create)
  rows['update 300 B, 64 writers'] = await writers(64, count, update)
  rows['update 300 B, 1 writer'] = await writers(1, 1000, update)
  rows['update 300 B, 1000 writers'] = await writers(1000, count, update)
  const abort = new AbortController()
  let seen = 0
  const watches = Array.from({ length: 50 }, async (_, i) => {
    const prefix = i === 0 ? '/registry/' : `/registry/kind-${i}/`
    for await (const changes of store.watch(prefix, await store.revision(), abort.signal)) seen += changes.length
  })
  rows['the same, 64 writers, 50 watches'] = await writers(64, count, update)
  while (seen < count) await new Promise(setImmediate)
  abort.abort()
  await Promise.all(watches)
  rows['update 3 KB, 64 writers'] = await writers(64, count, updateWith(Buffer.alloc(3000, 'v')))

  const reads = await timed(async () => {
    for (let i = 0; i < count; i++) await store.get(keyOf(i))
  })
  rows.get = perSecond((count / reads.time) * 1000)
  const list = await timed(() => store.list('/registry/pods/'))
  if (list.result.entries.length !== count) throw new Error(`${list.result.entries.length} entries`)
  rows['list of 20,000, 3 KB each'] = ms(0)(list.time)
  const pages = async revision => {
    const times = []
    let after
    for (;;) {
      const { time, result } = await timed(() =>
        store.list('/registry/pods/', { limit: 500, ...(after && { after }), ...(revision && { revision }) }),
      )
      times.push(time)
      if (result.remaining === 0) return times
      after = result.entries.at(-1).key
    }
  }
  rows['page of 500'] = quantiles(await pages())
  const past = await pages((await store.revision()) - count / 2)
  rows['page of 500, 10,000 writes ago'] = `${ms(0)(past[0])}, then ${quantiles(past.slice(1))}`
  const from = (await store.revision()) - count
  const replay = await timed(async () => {
    let changes = 0
    for await (const batch of store.watch('/registry/', from, AbortSignal.timeout(60_000))) {
      changes += batch.length
      if (changes === count) return
    }
  })
  rows['watch of the past'] = perSecond((count / replay.time) * 1000)
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const compaction = await timed(async () => store.compact(await store.revision()))
  delay.disable()
  rows['compaction of 101,000 writes'] = `${ms(0)(compaction.time)} (blocks up to ${ms(0)(delay.max / 1e6)})`
  return rows
}

const columns = {}
const open = {
  memory: () => memoryStore({ historyChanges: 200_000, historyBytes: 1 << 30 }),
  lmdb: () => lmdbStore({ path: path.join(directory, 'data') }),
}
try {
  for (const [name, start] of Object.entries(open)) {
    const store = await start()
    columns[name] = await measure(store)
    await store[Symbol.asyncDispose]()
  }
  const size = fs.statSync(path.join(directory, 'data', 'data.mdb')).size
  const idle = process.memoryUsage().rss
  const { time, result } = await timed(open.lmdb)
  columns.lmdb['open again'] = ms(1)(time)
  columns.lmdb['file / memory of an idle store'] =
    `${(size / 2 ** 20).toFixed(0)} MiB / ${((process.memoryUsage().rss - idle) / 2 ** 20).toFixed(1)} MiB`
  await result[Symbol.asyncDispose]()
} finally {
  fs.rmSync(directory, { recursive: true })
}
console.log(`| ${['', ...Object.keys(columns)].join(' | ')} |`)
console.log(`|${'---|'.repeat(Object.keys(columns).length + 1)}`)
for (const row of Object.keys(columns.lmdb)) {
  console.log(
    `| ${row} | ${Object.values(columns)
      .map(column => column[row] ?? '')
      .join(' | ')} |`,
  )
}
