import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createClusterPki } from '../cluster/pki.js'
import { systemClock } from '../machinery/clock.js'
import type { ApiRequest } from '../machinery/http.js'
import { listenTls } from '../server/http/tls-listener.js'
import { httpsTransport } from './https-transport.js'

it('watches may be more than a server takes on one connection', async () => {
  const pki = await createClusterPki({ serviceCidrs: ['10.96.0.0/16'], servedAt: ['127.0.0.1'], clock: systemClock })
  const { certificate: cert, key } = pki.apiserver
  const faults: unknown[] = []
  await using listener = await listenTls({
    host: '127.0.0.1',
    port: 0,
    cert,
    key,
    onError: error => faults.push(error),
    handler: async ({ signal }) => ({
      status: 200,
      headers: {},
      body: { kind: 'stream', chunks: untilAborted(signal) },
    }),
  })
  await using transport = httpsTransport({ server: `https://127.0.0.1:${listener.port}`, ca: pki.ca.certificate })
  const ending = new AbortController()
  const request: ApiRequest = {
    method: 'GET',
    path: '/watch',
    query: new URLSearchParams(),
    headers: {},
    body: { kind: 'none' },
    signal: ending.signal,
    remoteAddress: '',
  }
  const answers = await Promise.all(Array.from({ length: 250 }, () => transport.handle(request)))
  assert.ok(answers.every(({ status }) => status === 200))
  ending.abort()
  for (const { body } of answers)
    if (body.kind === 'stream')
      await assert.rejects(async () => {
        for await (const _ of body.chunks);
      }, ending.signal.reason)
  assert.deepEqual(faults, [])
})

async function* untilAborted(signal: AbortSignal): AsyncGenerator<Uint8Array> {
  yield Buffer.from('begun')
  await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }))
}
