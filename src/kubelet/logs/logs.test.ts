import assert from 'node:assert/strict'
import { appendFileSync, readFileSync } from 'node:fs'
import { appendFile, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { type Clock, ManualClock } from '../../machinery/clock.js'
import { FolderWatches } from './folder-watches.js'
import { parseLogLine } from './log-line.js'
import { rotateLog } from './log-rotation.js'
import { type LogOptions, type LogSource, readLog } from './read-log.js'

let folder = ''
const watches = new FolderWatches()
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'logs-'))
})
after(async () => {
  watches[Symbol.dispose]()
  await rm(folder, { recursive: true })
})

const time = (second: number) => `2026-01-01T12:00:0${second}.123456789Z`
const record = (second: number, tag: string, content: string, stream = 'stdout') =>
  `${time(second)} ${stream} ${tag} ${content}\n`

describe('a log line', () => {
  const table: readonly (readonly [string, object | undefined])[] = [
    [`${time(1)} stdout F hello world`, { time: time(1), stream: 'stdout', partial: false, content: 'hello world' }],
    [`${time(1)} stderr P part`, { time: time(1), stream: 'stderr', partial: true, content: 'part' }],
    [`${time(1)} stdout F:tag x`, { time: time(1), stream: 'stdout', partial: false, content: 'x' }],
    [`${time(1)} stdout F `, { time: time(1), stream: 'stdout', partial: false, content: '' }],
    [`${time(1)} stdout F`, { time: time(1), stream: 'stdout', partial: false, content: '' }],
    ['nonsense', undefined],
    [`${time(1)} stdin F x`, undefined],
    ['', undefined],
  ]
  for (const [line, want] of table) it(line || 'nothing', () => assert.deepEqual(parseLogLine(line), want))
})

/** A clock on which the time of every wait is over at once, behind what happens meanwhile. */
const afterwards = (meanwhile: () => void): Clock => ({
  now: () => 0,
  after(_ms, action) {
    meanwhile()
    const soon = setImmediate(action)
    return { [Symbol.dispose]: () => clearImmediate(soon) }
  },
})

const source = (path: string, rest: Partial<LogSource> = {}): LogSource => ({
  path,
  watches,
  isOpen: () => false,
  onChange: () => ({ [Symbol.dispose]() {} }),
  clock: afterwards(() => {}),
  signal: new AbortController().signal,
  ...rest,
})

it('what is written while the end of a log is read is not part of it', async () => {
  const path = join(folder, 'growing.log')
  const line = record(1, 'F', 'x'.repeat(1000))
  await writeFile(path, line.repeat(200))
  let lines = 0
  for await (const piece of readLog(source(path), { tailLines: 150 })) {
    lines += piece.toString().split('\n').length - 1
    await appendFile(path, line)
  }
  assert.equal(lines, 150)
})

describe('reading a log', () => {
  const text = [
    record(1, 'F', 'one'),
    record(2, 'P', 'tw'),
    record(2, 'F', 'o'),
    record(3, 'F', 'error', 'stderr'),
    record(4, 'F', 'thrée'),
  ].join('')
  const table: readonly (readonly [string, LogOptions, string])[] = [
    ['all', {}, 'one\ntwo\nerror\nthrée\n'],
    ['the end', { tailLines: 2 }, 'error\nthrée\n'],
    ['nothing of the end', { tailLines: 0 }, ''],
    ['more than there is', { tailLines: 99 }, 'one\ntwo\nerror\nthrée\n'],
    ['what is new', { since: Date.parse(time(3)) }, 'error\nthrée\n'],
    ['with times', { timestamps: true, tailLines: 4 }, `${time(2)} two\n${time(3)} error\n${time(4)} thrée\n`],
    ['only errors', { stream: 'stderr' }, 'error\n'],
    ['no more than asked for', { limitBytes: 6 }, 'one\ntw'],
  ]
  for (const [title, options, want] of table)
    it(title, async () => {
      const path = join(folder, 'static.log')
      await writeFile(path, text)
      const chunks: Buffer[] = []
      for await (const chunk of readLog(source(path), options)) chunks.push(chunk)
      assert.equal(Buffer.concat(chunks).toString(), want)
    })

  it('follows, also when the log is set aside, until the container has ended', async () => {
    const path = join(folder, 'live.log')
    await writeFile(path, record(1, 'F', 'one'))
    let open = true
    let tell = () => {}
    const onChange = (changed: () => void) => {
      tell = changed
      return { [Symbol.dispose]() {} }
    }
    const lines = readLog(source(path, { isOpen: () => open, onChange }), { follow: true })
    const next = async () => (await lines.next()).value?.toString()
    assert.equal(await next(), 'one\n')
    const second = next()
    await appendFile(path, record(2, 'F', 'two'))
    assert.equal(await second, 'two\n')
    await appendFile(path, record(3, 'F', 'three'))
    await rename(path, `${path}.aside`)
    assert.equal(await next(), 'three\n')
    const fourth = next()
    await writeFile(path, record(4, 'F', 'four'))
    assert.equal(await fourth, 'four\n')
    const end = next()
    await appendFile(path, record(5, 'F', 'five'))
    assert.equal(await end, 'five\n')
    open = false
    tell()
    assert.equal(await next(), undefined)
  })

  it('follows what the runtime still writes of a container that has ended', async () => {
    const path = join(folder, 'late.log')
    await writeFile(path, record(1, 'F', 'one'))
    const late = [record(2, 'F', 'two'), '', record(3, 'F', 'too late')]
    const clock = afterwards(() => appendFileSync(path, late.shift() ?? ''))
    let text = ''
    for await (const piece of readLog(source(path, { clock }), { follow: true })) text += piece.toString()
    assert.equal(text, 'one\ntwo\n')
  })

  it('stops following when nobody listens', async () => {
    const path = join(folder, 'quiet.log')
    await writeFile(path, '')
    const abort = new AbortController()
    const lines = readLog(source(path, { isOpen: () => true, signal: abort.signal }), { follow: true })
    const next = lines.next()
    abort.abort()
    assert.equal((await next).done, true)
  })
})

it('sets logs aside, packs and drops older parts', async () => {
  const path = join(folder, '0.log')
  const clock = new ManualClock()
  const rotate = () => rotateLog(path, { clock, maxSize: 10, maxFiles: 4, reopen: () => writeFile(path, '') })
  await writeFile(path, 'small')
  assert.equal(await rotate(), false)
  for (let n = 0; n < 5; n++) {
    await writeFile(path, `this is part ${n}`)
    assert.equal(await rotate(), true)
    clock.advance(1000)
  }
  const names = (await readdir(folder)).filter(name => name.startsWith('0.log')).sort()
  assert.deepEqual(names, ['0.log', '0.log.20260101-000002.gz', '0.log.20260101-000003.gz', '0.log.20260101-000004'])
  assert.equal(gunzipSync(readFileSync(join(folder, names[1] ?? ''))).toString(), 'this is part 2')
  await writeFile(path, 'it must stay here')
  const failing = rotateLog(path, { clock, maxSize: 10, reopen: () => Promise.reject(new Error('down')) })
  await assert.rejects(failing, /down/)
  assert.equal(readFileSync(path, 'utf8'), 'it must stay here')
})
