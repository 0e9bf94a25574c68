import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { Pod } from '../api/core/v1/index.js'
import { apiClient } from '../client/api-client.js'
import type { ApiRequest, ApiResponse, UserInfo } from '../machinery/http.js'
import { notFound } from '../machinery/status-error.js'
import { portTransport, servePort } from './port-transport.js'

const user: UserInfo = { name: 't8s:config', groups: [] }

describe('a client over a port', () => {
  let near: MessagePort
  let far: MessagePort
  const over = new AbortController()
  beforeEach(() => {
    ;({ port1: near, port2: far } = new MessageChannel())
  })
  afterEach(() => far.close())
  const clientOf = (handle: (request: ApiRequest) => Promise<ApiResponse>) => {
    servePort(near, { handle, user, signal: over.signal })
    return apiClient(portTransport(far))
  }
  const object = (value: unknown): ApiResponse => ({ status: 200, headers: {}, body: { kind: 'object', value } })
  const pod = (name: string) => ({ metadata: { name } })

  it('asks as the user that the other end says, whatever it says itself', async () => {
    const client = clientOf(async ({ method, path, query, user, body }) =>
      object({ method, path, query: query.toString(), user, body }),
    )
    const { body } = await client.request({
      method: 'POST',
      path: '/x',
      query: new URLSearchParams('a=b'),
      user: { name: 'root', groups: ['system:masters'] },
      body: { kind: 'object', value: { it: 1 } },
    })
    assert.deepEqual(body.kind === 'object' && body.value, {
      method: 'POST',
      path: '/x',
      query: 'a=b',
      user,
      body: { kind: 'object', value: { it: 1 } },
    })
  })

  it('is refused as the server refuses', async () => {
    const client = clientOf(() => Promise.reject(notFound({ group: '', plural: 'pods' }, 'a')))
    await assert.rejects(client.get(Pod, { namespace: 'n', name: 'a' }), { code: 404, message: 'pods "a" not found' })
  })

  it('gets bytes and streams of bytes', async () => {
    const text = Buffer.from(JSON.stringify(pod('a')))
    async function* chunks() {
      yield text.subarray(0, 5)
      yield text.subarray(5)
    }
    const client = clientOf(async ({ path }) => ({
      status: 200,
      headers: {},
      body: path.endsWith('b') ? { kind: 'bytes', chunks: [text] } : { kind: 'stream', chunks: chunks() },
    }))
    for (const name of ['a', 'b']) assert.equal((await client.get(Pod, { namespace: 'n', name })).metadata.name, 'a')
  })

  it('watches until it has seen enough, at no more than its own pace', async () => {
    let sent = 0
    let ended = false
    async function* events() {
      try {
        for (;;) {
          yield { type: 'ADDED', object: pod(String(sent++)) }
          await new Promise(done => setImmediate(done))
        }
      } finally {
        ended = true
      }
    }
    const client = clientOf(async () => ({ status: 200, headers: {}, body: { kind: 'objects', values: events() } }))
    const seen: (string | undefined)[] = []
    for await (const event of client.watch(Pod)) {
      if (event.type === 'BOOKMARK') continue
      // Nobody takes anything meanwhile: the other end stops before long.
      if (seen.length === 0) for (let i = 0; i < 1_000; i++) await new Promise(done => setImmediate(done))
      seen.push(event.object.metadata.name)
      if (seen.length === 200) break
    }
    assert.deepEqual(
      seen,
      Array.from({ length: 200 }, (_, i) => String(i)),
    )
    while (!ended) await new Promise(done => setImmediate(done))
    assert.ok(sent < 500, `${sent} were sent`)
  })

  it('tells the server when it is no longer interested', async () => {
    const abort = new AbortController()
    const gone = new Promise<void>(resolve => {
      const client = clientOf(({ signal }) => {
        signal.addEventListener('abort', () => resolve())
        abort.abort(new Error('enough'))
        return new Promise(() => {})
      })
      void assert.rejects(client.get(Pod, { namespace: 'n', name: 'a' }, { signal: abort.signal }), /enough/)
    })
    await gone
  })

  it('hears when the server goes', async () => {
    const client = clientOf(() => new Promise(() => setImmediate(() => near.close())))
    await assert.rejects(client.get(Pod, { namespace: 'n', name: 'a' }), { code: 503 })
  })
})
