import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { ManualClock } from '../../machinery/clock.js'
import { type AuditEvent, legacyLine } from './audit-event.js'
import { auditLog } from './audit-log.js'
import { type AuditSink, type Batching, batching, truncating } from './audit-sink.js'
import { auditWebhook } from './audit-webhook.js'

const event = (auditID: string, more: Partial<AuditEvent> = {}): AuditEvent => ({
  kind: 'Event',
  apiVersion: 'audit.k8s.io/v1',
  level: 'Request',
  auditID,
  stage: 'ResponseComplete',
  requestURI: '/api',
  verb: 'get',
  user: { username: 'u', groups: ['a', 'b'] },
  requestReceivedTimestamp: '2026-01-01T00:00:00.000000Z',
  stageTimestamp: '2026-01-01T00:00:00.000000Z',
  ...more,
})
const turnOfEvents = () => new Promise(setImmediate)

function collector() {
  const batches: string[] = []
  const kept: AuditEvent[] = []
  const sink: AuditSink = {
    async write(events) {
      kept.push(...events)
      batches.push(events.map(({ auditID }) => auditID).join(' '))
    },
    async [Symbol.asyncDispose]() {},
  }
  return { sink, batches, kept }
}

describe('audit events', () => {
  it('are sent many at a time, at the latest after a while', async () => {
    const clock = new ManualClock()
    const { sink, batches } = collector()
    const errors: unknown[] = []
    const options: Batching = { bufferSize: 4, maxBatchSize: 3, maxWaitMs: 1000, oneAtATime: false }
    const batched = batching(sink, options, clock, error => errors.push(error))
    await batched.write([event('a')])
    await batched.write([event('b')])
    assert.deepEqual(batches, [])
    clock.advance(1000)
    await batched.write(['c', 'd', 'e', 'f', 'g'].map(id => event(id)))
    assert.deepEqual(batches, ['a b', 'c d e'])
    assert.match(String(errors[0]), /1 audit events are lost/)
    await batched[Symbol.asyncDispose]()
    assert.deepEqual(batches, ['a b', 'c d e', 'f'])
  })

  it('are sent no faster than allowed', async () => {
    const clock = new ManualClock()
    const { sink, batches } = collector()
    const throttle = { qps: 2, burst: 1 }
    const options: Batching = { bufferSize: 100, maxBatchSize: 1, maxWaitMs: 1000, throttle, oneAtATime: true }
    const batched = batching(sink, options, clock, error => assert.fail(String(error)))
    for (const id of ['a', 'b', 'c']) await batched.write([event(id)])
    await turnOfEvents()
    assert.deepEqual(batches, ['a'])
    clock.advance(500)
    await turnOfEvents()
    assert.deepEqual(batches, ['a', 'b'])
    clock.advance(500)
    await turnOfEvents()
    assert.deepEqual(batches, ['a', 'b', 'c'])
    await batched[Symbol.asyncDispose]()
  })

  it('lose their bodies when they are too large, and are split', async () => {
    const { sink, batches, kept } = collector()
    const small = truncating(sink, { maxEventSize: 500, maxBatchSize: 800 })
    await small.write([event('a', { requestObject: 'x'.repeat(1000) }), event('b'), event('c')])
    assert.deepEqual(batches, ['a b', 'c'])
    assert.equal(kept[0]?.requestObject, undefined)
    assert.deepEqual(kept[0]?.annotations, { 'audit.k8s.io/truncated': 'true' })
    await assert.rejects(small.write([event('d', { requestURI: 'x'.repeat(1000) })]), /larger than 500/)
  })

  it('fit on a line of the older format', () => {
    assert.equal(
      legacyLine(
        event('id', { sourceIPs: ['1.2.3.4'], userAgent: 'curl', responseStatus: { metadata: {}, code: 200 } }),
      ),
      '2026-01-01T00:00:00.000000Z AUDIT: id="id" stage="ResponseComplete" ip="1.2.3.4" method="get" user="u" groups="\\"a\\",\\"b\\"" as="<self>" asgroups="<lookup>" user-agent="curl" namespace="<none>" uri="/api" response="200"',
    )
  })
})

describe('the audit log', () => {
  it('is put aside when it has grown, and the oldest are removed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'audit-log-'))
    try {
      const clock = new ManualClock(Date.parse('2026-01-02T03:04:05Z'))
      const path = join(folder, 'audit.log')
      await writeFile(join(folder, 'audit-other.log'), '')
      const log = await auditLog({ path, format: 'json', maxAge: 0, maxBackups: 2, maxSize: 1, clock })
      const large = (id: string) => event(id, { requestObject: 'x'.repeat(600_000) })
      for (const id of ['a', 'b', 'c', 'd']) {
        await log.write([large(id)])
        clock.advance(1000)
      }
      await Promise.all(['e', 'f'].map(id => log.write([event(id)])))
      await log[Symbol.asyncDispose]()
      assert.deepEqual((await readdir(folder)).sort(), [
        'audit-2026-01-02T03-04-07.000.log',
        'audit-2026-01-02T03-04-08.000.log',
        'audit-other.log',
        'audit.log',
      ])
      const lines = (await readFile(path, 'utf8')).trimEnd().split('\n')
      assert.deepEqual(
        lines.map(line => JSON.parse(line).auditID),
        ['d', 'e', 'f'],
      )
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('must be a file that can be written', async () => {
    const options = { format: 'json', maxAge: 0, maxBackups: 0, maxSize: 0, clock: new ManualClock() } as const
    await assert.rejects(auditLog({ ...options, path: '/dev/null/audit.log' }))
  })
})

describe('the audit webhook', () => {
  it('is tried again while it fails, and believed when it refuses', async () => {
    const answers = [500, 429, 200, 400]
    const seen: { items: { auditID: string; kind?: string }[]; kind: string }[] = []
    const server = createServer((request, response) => {
      let body = ''
      request.on('data', chunk => {
        body += chunk
      })
      request.on('end', () => {
        assert.equal(request.headers.authorization, 'Bearer t')
        seen.push(JSON.parse(body))
        response.statusCode = answers.shift() ?? 200
        response.end()
      })
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    try {
      const clock = new ManualClock()
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/audit`
      const hook = auditWebhook({ endpoint: { url, token: () => 't' }, initialBackoffMs: 10, clock })
      let done = false
      const writing = hook.write([event('a')]).finally(() => {
        done = true
      })
      while (!done) {
        await turnOfEvents()
        clock.advance(10)
      }
      await writing
      assert.equal(seen.length, 3)
      assert.deepEqual(
        [seen[0]?.kind, seen[0]?.items[0]?.auditID, seen[0]?.items[0]?.kind],
        ['EventList', 'a', undefined],
      )
      await assert.rejects(hook.write([event('b')]), /answers 400/)
      await hook[Symbol.asyncDispose]()
    } finally {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    }
  })
})
