import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { it, type TestContext } from 'node:test'
import { lmdbStore } from './lmdb.js'
import type { Change } from './store.js'
import { StoreFailedError } from './store-failures.js'

const bytes = (content: string) => Buffer.from(content)

function temporaryDirectory(t: TestContext): string {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 't8s-files-'))
  t.after(() => fs.rmSync(directory, { recursive: true }))
  return directory
}

const failure = (message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof StoreFailedError, `${error}`)
  assert.match(error.message, message)
  return true
}

/** Another process that runs `program`, until it has said a line. */
async function start(program: string, ...args: string[]) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const [line] = await once(child.stdout.setEncoding('utf8'), 'data')
  return { child, exited, line: String(line).trim() }
}

it('what a store keeps is for its owner only', async t => {
  const directory = path.join(temporaryDirectory(t), 'new', 'data')
  await using store = await lmdbStore({ path: directory })
  await store.create('/a', bytes('secret'))
  const modeOf = (name: string) => (fs.statSync(name).mode & 0o777).toString(8)
  assert.equal(modeOf(directory), '700')
  for (const name of ['data.mdb', 'data.mdb-lock', 'lock.pid']) {
    assert.equal(modeOf(path.join(directory, name)), '600', name)
  }
})

for (const [title, name] of [
  ['a directory', 'data'],
  ['a directory with a long path', path.join('d'.repeat(80), 'e'.repeat(80))],
] as const) {
  it(`${title} belongs to one store at a time`, async t => {
    const directory = path.join(temporaryDirectory(t), name)
    const first = await lmdbStore({ path: directory })
    await assert.rejects(lmdbStore({ path: directory }), failure(/in use by this process already/))
    assert.equal(await first.create('/a', bytes('x')), 2)
    await first[Symbol.asyncDispose]()
    assert.deepEqual(fs.readdirSync(directory).sort(), ['data.mdb', 'data.mdb-lock'])
    await using second = await lmdbStore({ path: directory })
    assert.equal((await second.get('/a'))?.revision, 2)
  })
}

it('a directory belongs to the process that uses it until it dies', async t => {
  const directory = temporaryDirectory(t)
  const { child, exited, line } = await start(
    `const { lmdbStore } = await import(process.argv[1])
     const store = await lmdbStore({ path: process.argv[2] })
     console.log(await store.create('/a', Buffer.from('x')))
     process.stdin.resume()`,
    new URL('./lmdb.js', import.meta.url).href,
    directory,
  )
  assert.equal(line, '2')
  await assert.rejects(lmdbStore({ path: directory }), failure(new RegExp(`in use by process ${child.pid}$`)))
  child.kill('SIGSTOP')
  await assert.rejects(lmdbStore({ path: directory }), failure(new RegExp(`in use by process ${child.pid}$`)))
  child.kill('SIGKILL')
  await exited
  await using store = await lmdbStore({ path: directory })
  assert.equal((await store.get('/a'))?.revision, 2)
})

it('a store whose data another process has changed gives up', async t => {
  const directory = temporaryDirectory(t)
  await using store = await lmdbStore({ path: directory })
  await store.create('/a', bytes('x'))
  const watch = store.watch('/', 2, new AbortController().signal)[Symbol.asyncIterator]()
  const next = watch.next()
  // Without the lock, as if two containers shared the directory in a way that does not share sockets.
  const { exited } = await start(
    `const { Commits } = await import(new URL('lmdb-commits.js', process.argv[1]))
     const { openTables } = await import(new URL('lmdb-files.js', process.argv[1]))
     const commits = new Commits(await openTables(process.argv[2]), () => {}, () => {})
     await commits.claim()
     console.log(await commits.write({ type: 'create', key: '/b', value: Buffer.from('y'), expectedRevision: 0, deadline: 0 }))
     process.exit()`,
    import.meta.url,
    directory,
  )
  await exited
  const message = failure(/another process has written/)
  await assert.rejects(store.create('/b', bytes('x')), message)
  await assert.rejects(next, message)
  await assert.rejects(store.get('/a'), message)
  await assert.rejects(store.create('/c', bytes('x')), message)
  await store[Symbol.asyncDispose]()
  await using again = await lmdbStore({ path: directory })
  assert.deepEqual(
    (await again.list('/')).entries.map(({ key, value }) => [key, `${value}`]),
    [
      ['/a', 'x'],
      ['/b', 'y'],
    ],
  )
})

for (const [title, damage, message] of [
  [
    'is something else',
    (file: string) => fs.writeFileSync(file, 'something else'),
    /damaged, or was never a data file/,
  ],
  ['is nothing but zeros', (file: string) => fs.writeFileSync(file, Buffer.alloc(8192)), /damaged, or was never/],
  ['was cut off', (file: string) => fs.truncateSync(file, fs.statSync(file).size - 4096), /damaged: it has \d+ bytes/],
  ['was cut off at the start', (file: string) => fs.truncateSync(file, 4096), /damaged/],
  [
    'is of another version',
    (file: string) => {
      const content = fs.readFileSync(file)
      content.writeUInt32LE(9, 28)
      fs.writeFileSync(file, content)
    },
    /another version of LMDB \(9\)/,
  ],
  [
    'is a directory',
    (file: string) => {
      fs.rmSync(file)
      fs.mkdirSync(file)
    },
    /cannot be opened: EISDIR/,
  ],
] as const) {
  it(`a data file that ${title} is reported and left alone`, async t => {
    const directory = temporaryDirectory(t)
    const store = await lmdbStore({ path: directory })
    for (let i = 0; i < 20; i++) await store.create(`/${i}`, new Uint8Array(5000))
    await store[Symbol.asyncDispose]()
    const file = path.join(directory, 'data.mdb')
    damage(file)
    const before = fs.statSync(file).size
    await assert.rejects(lmdbStore({ path: directory }), failure(message))
    assert.equal(fs.statSync(file).size, before)
    // And the directory is free again.
    await assert.rejects(lmdbStore({ path: directory }), failure(message))
  })
}

it('an empty data file, as a power cut may leave it, is a new store', async t => {
  const directory = temporaryDirectory(t)
  fs.writeFileSync(path.join(directory, 'data.mdb'), '')
  await using store = await lmdbStore({ path: directory })
  assert.equal(await store.create('/a', bytes('x')), 2)
})

it('a path that is no directory is reported', async t => {
  const file = path.join(temporaryDirectory(t), 'file')
  fs.writeFileSync(file, '')
  await assert.rejects(lmdbStore({ path: file }), failure(/cannot be used: EEXIST/))
  await assert.rejects(lmdbStore({ path: path.join(file, 'below') }), failure(/cannot be used: ENOTDIR/))
})

it('writes that come together are committed together', async t => {
  await using store = await lmdbStore({ path: temporaryDirectory(t) })
  const watch = store.watch('/', 1, new AbortController().signal)[Symbol.asyncIterator]()
  const batches: Promise<IteratorResult<readonly Change[]>>[] = [watch.next()]
  await Promise.all(Array.from({ length: 500 }, (_, i) => store.create(`/${i}`, bytes('x'))))
  const { value } = await (batches[0] as Promise<IteratorResult<readonly Change[]>>)
  assert.equal(value.length, 500)
})

it('compaction removes what nobody can ask for any more, and only that', async t => {
  const directory = temporaryDirectory(t)
  const size = () => fs.statSync(path.join(directory, 'data.mdb')).size
  await using store = await lmdbStore({ path: directory })
  const rewrite = async (round: number) => {
    await Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        const key = `/${i}`
        for (let j = 0; j < 60; j++) {
          const current = await store.get(key)
          if (!current) await store.create(key, Buffer.alloc(1000, `${round} ${j}`))
          else if (j % 20 === 7) await store.delete(key, current.revision)
          else await store.update(key, Buffer.alloc(1000, `${round} ${j}`), current.revision)
        }
      }),
    )
  }
  await rewrite(0)
  const once = size()
  for (let round = 1; round < 8; round++) {
    await store.compact(await store.revision())
    await rewrite(round)
  }
  assert.ok(size() < once * 2, `grew from ${once} to ${size()}`)
  const { entries, revision } = await store.list('/')
  await store.compact(revision)
  assert.deepEqual((await store.list('/')).entries, entries)
})

it('a list of a past revision is right while thousands of writes go on', async t => {
  await using store = await lmdbStore({ path: temporaryDirectory(t) })
  await Promise.all(Array.from({ length: 1500 }, (_, i) => store.create(`/k/${i}`, bytes('old'))))
  const then = await store.list('/k/')
  let writing = true
  const writers = Array.from({ length: 8 }, async (_, writer) => {
    for (let i = writer; writing; i += 8) {
      const key = `/k/${i % 3000}`
      const current = await store.get(key)
      if (!current) await store.create(key, bytes('new'))
      else if (i % 3 === 0) await store.delete(key, current.revision)
      else await store.update(key, bytes('new'), current.revision)
    }
  })
  for (let round = 0; round < 5; round++) {
    while ((await store.revision()) < then.revision + (round + 1) * 1200) await new Promise(setImmediate)
    const whole = await store.list('/k/', { revision: then.revision })
    assert.deepEqual(whole.entries, then.entries)
    const page = await store.list('/k/', { revision: then.revision, limit: 100, after: '/k/2' })
    const first = then.entries.findIndex(entry => entry.key > '/k/2')
    assert.deepEqual(page.entries, then.entries.slice(first, first + 100))
    assert.equal(page.remaining, 1500 - first - 100)
    const now = await store.list('/k/')
    assert.ok(now.entries.every(entry => entry.revision <= now.revision))
  }
  writing = false
  await Promise.all(writers)
})

it('closing while lists, writes and a compaction are under way lets them end', async t => {
  const store = await lmdbStore({ path: temporaryDirectory(t) })
  await Promise.all(Array.from({ length: 5000 }, (_, i) => store.create(`/${i}`, bytes('x'))))
  const past = await store.revision()
  await Promise.all((await store.list('/')).entries.map(({ key, revision }) => store.delete(key, revision)))
  const work = Promise.allSettled([
    store.list('/', { revision: past }),
    store.list('/'),
    store.compact(past),
    ...Array.from({ length: 5000 }, (_, i) => store.create(`/more/${i}`, bytes('x'))),
  ])
  await store[Symbol.asyncDispose]()
  const [, , , ...writes] = await work
  assert.ok(writes.every(({ status }) => status === 'fulfilled'))
})
