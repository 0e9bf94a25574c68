import assert from 'node:assert/strict'
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { type Answer, type DecodedPacket, decode, encode } from 'dns-packet'
import { ManualClock } from '../../machinery/clock.js'
import { type ForwardedQuery, Forwarder, type ForwarderOptions } from './forwarder.js'
import { internetClass, recordTypes } from './records.js'
import { listenDns } from './server.js'

type Reply = (question: { name: string; type: string }, transport: 'udp' | 'tcp') => Buffer | 'never' | object

/**
 * A server of the outside world for tests, on a loopback address that nobody else uses: what is a free port on one of
 * these is free on the next one as well.
 */
class Upstream implements AsyncDisposable {
  asked: readonly string[] = []
  private constructor(
    readonly port: number,
    private readonly listener: AsyncDisposable,
  ) {}

  static async listen(address: string, port: number, reply: Reply): Promise<Upstream> {
    const heard: string[] = []
    const listener = await listenDns({
      address,
      port,
      onError: error => assert.fail(String(error)),
      async handler(message, transport) {
        const { id, questions } = decode(message)
        const [question] = questions ?? []
        assert.ok(question)
        heard.push(`${transport} ${question.name} ${question.type}`)
        const replied = reply(question, transport)
        if (replied === 'never') return undefined
        if (Buffer.isBuffer(replied)) return replied
        return encode({ type: 'response', questions: [question], ...replied, ...(id === undefined ? {} : { id }) })
      },
    })
    const upstream = new Upstream(listener.port, listener)
    upstream.asked = heard
    return upstream
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.listener[Symbol.asyncDispose]()
  }
}

const query = (name = 'www.example.com', more: Partial<ForwardedQuery> = {}): ForwardedQuery => ({
  question: { name, type: recordTypes.A, class: internetClass },
  flags: 0x100,
  edns: undefined,
  ...more,
})
const address = (data: string, ttl = 60): Answer => ({ type: 'A', name: 'www.example.com', ttl, data })
const said = (message: Buffer): unknown[] => {
  const { answers, flags = 0 } = decode(message) as DecodedPacket
  return [flags & 15, ...(answers ?? []).map(answer => ('data' in answer ? answer.data : undefined))]
}

describe('forwarding', () => {
  const clock = new ManualClock()
  const parts: AsyncDisposable[] = []
  const failures: unknown[] = []
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dns-'))
  })
  afterEach(async () => {
    for (const part of parts.splice(0).toReversed()) await part[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
    assert.deepEqual(failures, [])
  })

  async function upstream(host: string, port: number, reply: Reply): Promise<Upstream> {
    const server = await Upstream.listen(host, port, reply)
    parts.push(server)
    return server
  }

  async function forwarder(conf: string, port: number, options: Partial<ForwarderOptions> = {}): Promise<Forwarder> {
    const resolvConf = join(folder, 'resolv.conf')
    await writeFile(resolvConf, conf)
    const made = new Forwarder({
      resolvConf,
      port,
      clock,
      isSelf: () => false,
      onError: error => failures.push(error),
      ...options,
    })
    parts.push(made)
    return made
  }

  it('asks a server, and remembers what it said', async () => {
    const server = await upstream('127.83.0.1', 0, () => ({ answers: [address('192.0.2.1')] }))
    const forward = await forwarder('nameserver 127.83.0.1', server.port)
    assert.deepEqual(said(await forward.ask(query())), [0, '192.0.2.1'])
    assert.deepEqual(said(await forward.ask(query())), [0, '192.0.2.1'])
    assert.deepEqual(server.asked, ['udp www.example.com A'])
    assert.deepEqual(forward.stats, { cacheHits: 1, cached: 1, failures: 0 })
    await forward.ask(query('www.example.com', { edns: { udpSize: 512, version: 0, dnssecOk: true } }))
    assert.equal(server.asked.length, 2, 'another kind of question')
    clock.advance(60_000)
    await forward.ask(query())
    assert.equal(server.asked.length, 3, 'not remembered for longer than allowed')
  })

  it('asks by TCP for what does not fit', async () => {
    const server = await upstream('127.83.0.1', 0, (_question, transport) =>
      transport === 'udp' ? { flags: 0x200 } : { answers: [address('192.0.2.1')] },
    )
    const forward = await forwarder('nameserver 127.83.0.1', server.port)
    assert.deepEqual(said(await forward.ask(query())), [0, '192.0.2.1'])
    assert.deepEqual(server.asked, ['udp www.example.com A', 'tcp www.example.com A'])
  })

  it('asks but once for all who ask the same at the same time', async () => {
    const server = await upstream('127.83.0.1', 0, () => ({ answers: [address('192.0.2.1', 0)] }))
    const forward = await forwarder('nameserver 127.83.0.1', server.port)
    const answers = await Promise.all(Array.from({ length: 20 }, () => forward.ask(query())))
    for (const answer of answers) assert.deepEqual(said(answer), [0, '192.0.2.1'])
    assert.equal(server.asked.length, 1)
    answers[0]?.fill(0)
    assert.deepEqual(said(answers[1] ?? assert.fail()), [0, '192.0.2.1'], 'each has its own')
  })

  it('asks the next server if one cannot be reached, and that one first from then on', async () => {
    const server = await upstream('127.83.0.2', 0, () => ({ answers: [address('192.0.2.2', 0)] }))
    // Nobody listens on this address: the kernel says so at once.
    const forward = await forwarder('nameserver 127.83.0.1\nnameserver 127.83.0.2', server.port)
    for (let at = 0; at < 2; at++) assert.deepEqual(said(await forward.ask(query())), [0, '192.0.2.2'])
    const first = await upstream('127.83.0.1', server.port, () => ({ answers: [address('192.0.2.1', 0)] }))
    assert.deepEqual(said(await forward.ask(query())), [0, '192.0.2.2'])
    assert.deepEqual(first.asked, [])
    clock.advance(10_000)
    assert.deepEqual(said(await forward.ask(query())), [0, '192.0.2.1'], 'the failure is forgotten')
  })

  it('asks the next server if one does not answer in time', async () => {
    const silent = await upstream('127.83.0.1', 0, () => {
      // The clock moves once the question is here.
      setImmediate(() => clock.advance(3000))
      return 'never'
    })
    await upstream('127.83.0.2', silent.port, () => ({ answers: [address('192.0.2.2')] }))
    const forward = await forwarder('nameserver 127.83.0.1\nnameserver 127.83.0.2\noptions timeout:3', silent.port)
    assert.deepEqual(said(await forward.ask(query())), [0, '192.0.2.2'])
  })

  it('asks the next server if one refuses, and hands on the refusal if all do', async () => {
    const refusing = await upstream('127.83.0.1', 0, () => ({ flags: 5 }))
    const other = await upstream('127.83.0.2', refusing.port, ({ name }) =>
      name === 'www.example.com' ? { answers: [address('192.0.2.2')] } : { flags: 2 },
    )
    const forward = await forwarder('nameserver 127.83.0.1\nnameserver 127.83.0.2', refusing.port)
    assert.deepEqual(said(await forward.ask(query())), [0, '192.0.2.2'])
    assert.deepEqual(said(await forward.ask(query('other.example.com'))), [2])
    assert.equal(other.asked.length, 2)
  })

  it('gives up after the attempts that it may make', async () => {
    const silent = await upstream('127.83.0.1', 0, () => {
      setImmediate(() => clock.advance(1000))
      return 'never'
    })
    const forward = await forwarder('nameserver 127.83.0.1\noptions timeout:1 attempts:3', silent.port)
    await assert.rejects(forward.ask(query()), /127\.83\.0\.1 did not answer within 1000 ms/)
    assert.equal(silent.asked.length, 3)
    assert.equal(forward.stats.failures, 1)
  })

  it('passes over what answers another question', async () => {
    const server = await upstream('127.83.0.1', 0, () => {
      setImmediate(() => setImmediate(() => clock.advance(2000)))
      return encode({
        type: 'response',
        id: 1,
        questions: [{ type: 'A', name: 'evil.example.com' }],
        answers: [address('6.6.6.6')],
      })
    })
    const forward = await forwarder('nameserver 127.83.0.1\noptions timeout:1 attempts:1', server.port)
    await assert.rejects(forward.ask(query()), /did not answer/)
  })

  it('never asks itself', async () => {
    const forward = await forwarder('nameserver 127.83.0.1\nnameserver 10.96.0.10', 5353, { isSelf: () => true })
    await assert.rejects(forward.ask(query()), /names no other server/)
  })

  it('reads the file again when it has changed', async () => {
    const one = await upstream('127.83.0.1', 0, () => ({ answers: [address('192.0.2.1', 0)] }))
    await upstream('127.83.0.2', one.port, () => ({ answers: [address('192.0.2.2', 0)] }))
    const forward = await forwarder('nameserver 127.83.0.1', one.port)
    assert.deepEqual(said(await forward.ask(query())), [0, '192.0.2.1'])
    const file = join(folder, 'resolv.conf')
    await writeFile(file, 'nameserver 127.83.0.2')
    await utimes(file, new Date(), new Date(Date.now() + 5000))
    clock.advance(5000)
    assert.deepEqual(said(await forward.ask(query())), [0, '192.0.2.2'])
    await rm(file)
    clock.advance(5000)
    assert.deepEqual(said(await forward.ask(query())), [0, '192.0.2.2'], 'a file that is gone is believed as it was')
  })

  it('has a limit to how many may wait', async () => {
    const silent = await upstream('127.83.0.1', 0, () => 'never')
    const forward = await forwarder('nameserver 127.83.0.1', silent.port, { maxWaiting: 1 })
    const waiting = forward.ask(query())
    const outcome = assert.rejects(waiting, /the server stops/)
    await assert.rejects(forward.ask(query('other.example.com')), /too many/)
    await forward[Symbol.asyncDispose]()
    await outcome
  })
})
