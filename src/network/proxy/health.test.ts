import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { after, describe, it } from 'node:test'
import { type HealthCheck, ServiceHealth, serveHealth } from './health.js'

/** Nobody else uses it, so that a port which is free stays so. */
const address = '127.83.0.3'

/** A port that is free for now. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, address, resolve))
  const bound = server.address()
  await new Promise(resolve => server.close(resolve))
  return bound && typeof bound === 'object' ? bound.port : 0
}

describe('health', () => {
  let healthy = true
  const errors: unknown[] = []
  const services = new ServiceHealth(
    () => healthy,
    error => errors.push(error),
    address,
  )
  after(() => services[Symbol.asyncDispose]())

  it('of the proxy', async () => {
    await using server = await serveHealth({ port: 0, address }, () => healthy)
    const status = async (path: string) => (await fetch(`http://${address}:${server.port}${path}`)).status
    assert.deepEqual([await status('/healthz'), await status('/livez'), await status('/')], [200, 200, 404])
    healthy = false
    assert.equal(await status('/healthz?verbose'), 503)
    healthy = true
    await assert.rejects(
      serveHealth({ port: server.port, address }, () => true),
      /EADDRINUSE/,
    )
  })

  it('of services on this node', async () => {
    const port = await freePort()
    const serve = (localEndpoints: number) =>
      services.serve(new Map<number, HealthCheck>([[port, { namespace: 'ns', name: 'web', localEndpoints }]]))
    const ask = async () => {
      const response = await fetch(`http://${address}:${port}/`)
      return [response.status, response.headers.get('x-load-balancing-endpoint-weight'), await response.json()]
    }
    serve(2)
    const service = { namespace: 'ns', name: 'web' }
    assert.deepEqual(await ask(), [200, '2', { service, localEndpoints: 2, serviceProxyHealthy: true }])
    serve(0)
    assert.deepEqual(await ask(), [503, '0', { service, localEndpoints: 0, serviceProxyHealthy: true }])
    services.serve(new Map())
    await assert.rejects(ask())
    assert.deepEqual(errors, [])
  })
})
