import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { test } from 'node:test'
import { Node } from '../../api/core/v1/index.js'
import { answerText } from '../../client/discovery.js'
import { ControlPlane } from '../../cluster/control-plane.js'
import { createAuthority, issueServingCertificate } from '../../cluster/pki.js'
import { systemClock } from '../../machinery/clock.js'
import { StatusError } from '../../machinery/status-error.js'

test('connections to a kubelet are kept for the next request, and end with the server', async () => {
  const plane = await ControlPlane.start({ port: false, controllers: false, scheduler: false })
  const { ca } = plane.pki
  const { certificate, key } = await issueServingCertificate(ca, {
    subject: { commonName: 'n' },
    hosts: ['127.0.0.1'],
  })
  const open = new Set<Socket>()
  let connections = 0
  const kubelet = createServer(
    { cert: certificate, key, ca: ca.certificate, requestCert: true, rejectUnauthorized: true },
    (request, response) => {
      request.resume()
      // It goes away at the fourth request, as one that is started again.
      if (request.url === '/4' && connections === 1) request.socket.destroy()
      else request.on('end', () => response.end(`${request.method} ${request.url}`))
    },
  )
  kubelet.on('secureConnection', socket => {
    connections++
    open.add(socket)
    socket.on('close', () => open.delete(socket))
  })
  kubelet.listen(0, '127.0.0.1')
  await once(kubelet, 'listening')
  const { port } = kubelet.address() as AddressInfo
  await nodeAt(plane, port)

  for (let at = 1; at <= 6; at++) {
    const answer = await plane.client.request({ method: 'GET', path: `/api/v1/nodes/n/proxy/${at}` })
    assert.deepEqual([answer.status, await answerText(answer)], [200, `GET /${at}`])
  }
  assert.equal(connections, 2)
  const ends = [...open].map(socket => once(socket, 'close'))
  assert.equal(ends.length, 1)
  await plane[Symbol.asyncDispose]()
  await Promise.all(ends)
  kubelet.close()
  await once(kubelet, 'close')
})

test('a kubelet that signs for itself is believed only where nothing is checked', async () => {
  const stranger = await issueServingCertificate(await createAuthority('a kubelet alone', systemClock), {
    subject: { commonName: 'n' },
    hosts: ['elsewhere'],
  })
  const kubelet = createServer({ cert: stranger.certificate, key: stranger.key }, (_, response) => response.end('ok'))
  kubelet.listen(0, '127.0.0.1')
  await once(kubelet, 'listening')
  const { port } = kubelet.address() as AddressInfo
  for (const [kubeletCa, status] of [
    [undefined, 503],
    [false, 200],
  ] as const) {
    const plane = await ControlPlane.start({
      ...{ port: false, controllers: false, scheduler: false },
      ...(kubeletCa === undefined ? {} : { kubeletCa }),
    })
    await nodeAt(plane, port)
    const answer = await plane.client
      .request({ method: 'GET', path: '/api/v1/nodes/n/proxy/x' })
      .catch((error: unknown) => ({ status: error instanceof StatusError ? error.code : undefined }))
    assert.equal(answer.status, status)
    await plane[Symbol.asyncDispose]()
  }
  kubelet.closeAllConnections()
  kubelet.close()
})

/** Registers a node whose kubelet is behind a port of this machine. */
async function nodeAt({ client }: ControlPlane, port: number): Promise<void> {
  await client.create(Node, { metadata: { name: 'n' } })
  const status = {
    addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
    daemonEndpoints: { kubeletEndpoint: { Port: port } },
  }
  await client.patch(Node, { name: 'n' }, { type: 'merge', body: { status } }, { subresource: 'status' })
}
