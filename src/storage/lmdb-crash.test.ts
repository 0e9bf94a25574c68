import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { it } from 'node:test'
import { lmdbStore } from './lmdb.js'
import type { Change } from './store.js'

/** Writes as fast as it can with sixteen writers, and says so of each write once it has been answered. */
const writerProgram = `
import fs from 'node:fs'
const [, url, path, run, seen] = process.argv
const { lmdbStore } = await import(url)
const store = await lmdbStore({ path })
const own = new Map((await store.list('/')).entries.map(entry => [entry.key, entry.revision]))
const say = (...words) => fs.writeSync(1, words.join(' ') + '\\n')
const write = async (writer, i) => {
  const key = '/' + writer + '/' + i % 7
  const value = run + '-' + writer + '-' + i + 'x'.repeat(i % 11 * 300)
  const revision = own.get(key)
  if (revision === undefined) {
    own.set(key, await store.create(key, Buffer.from(value)))
    say(own.get(key), 'put', key, value)
  } else if (i % 5 === 0) {
    const removal = await store.delete(key, revision)
    own.delete(key)
    say(removal, 'delete', key)
  } else {
    own.set(key, await store.update(key, Buffer.from(value), revision))
    say(own.get(key), 'put', key, value)
  }
}
await Promise.all([
  store.compact(Number(seen)),
  ...Array.from({ length: 16 }, async (_, writer) => {
    for (let i = 0; ; i++) await write(writer, i)
  }),
])
`

it('nothing that was answered is lost when the process is killed', { timeout: 120_000 }, async t => {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 't8s-crash-'))
  t.after(() => fs.rmSync(directory, { recursive: true }))
  let seen = 1
  const state = new Map<string, string>()
  for (const [run, enough] of [200, 2000, 700, 1300].entries()) {
    const answered = await writeAndKill(directory, run, seen, enough)
    assert.ok(answered.length >= enough)

    await using store = await lmdbStore({ path: directory })
    const newest = await store.revision()
    const changes = await changesAfter(store, seen, newest)
    assert.deepEqual(
      changes.map(revisionOf),
      Array.from({ length: newest - seen }, (_, i) => seen + 1 + i),
    )
    for (const line of answered) {
      const revision = Number.parseInt(line, 10)
      const change = changes[revision - seen - 1]
      assert.equal(change && describe(change), line)
    }
    for (const change of changes) {
      const key = change.type === 'put' ? change.entry.key : change.key
      assert.equal(change.previous && text(change.previous.value), state.get(key), `before ${describe(change)}`)
      if (change.type === 'put') state.set(key, text(change.entry.value))
      else state.delete(key)
    }
    const { entries, revision } = await store.list('/')
    assert.equal(revision, newest)
    assert.deepEqual(new Map(entries.map(entry => [entry.key, text(entry.value)])), state)
    seen = newest
  }
})

/** The lines of one run, up to the moment it was killed: when it had said `enough` of them. */
async function writeAndKill(directory: string, run: number, seen: number, enough: number): Promise<string[]> {
  const url = new URL('./lmdb.js', import.meta.url).href
  const child = spawn(
    process.execPath,
    ['--input-type=module', '-e', writerProgram, url, directory, `${run}`, `${seen}`],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const exited = once(child, 'exit')
  const lines: string[] = []
  // What comes without an end of line was cut off by the kill.
  let rest = ''
  child.stdout.setEncoding('utf8')
  for await (const text of child.stdout) {
    const parts = (rest + text).split('\n')
    rest = parts.pop() ?? ''
    lines.push(...parts)
    if (lines.length >= enough) child.kill('SIGKILL')
  }
  assert.deepEqual(await exited, [null, 'SIGKILL'])
  return lines
}

async function changesAfter(
  store: Awaited<ReturnType<typeof lmdbStore>>,
  revision: number,
  newest: number,
): Promise<Change[]> {
  const changes: Change[] = []
  for await (const batch of store.watch('/', revision, new AbortController().signal)) {
    changes.push(...batch)
    if (changes.length >= newest - revision) break
  }
  return changes
}

function describe(change: Change): string {
  if (change.type === 'delete') return `${change.revision} delete ${change.key}`
  return `${change.entry.revision} put ${change.entry.key} ${text(change.entry.value)}`
}

const revisionOf = (change: Change): number => (change.type === 'put' ? change.entry.revision : change.revision)
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()
