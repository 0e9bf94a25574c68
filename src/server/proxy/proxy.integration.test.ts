import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { type AddressInfo, isIPv4 } from 'node:net'
import { networkInterfaces } from 'node:os'
import { after, before, test } from 'node:test'
import { connect } from 'node:tls'
import { adminToken, TestServer } from '../test-server.js'

// Loopback addresses are never proxied to, so the backend needs another one of this machine.
const address = Object.values(networkInterfaces())
  .flatMap(each => each ?? [])
  .find(({ internal, address }) => !internal && isIPv4(address) && !address.startsWith('169.254.'))?.address

const namespace = '/api/v1/namespaces/default'
let server: TestServer
let port = 0
const backend = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', chunk => chunks.push(chunk))
  request.on('end', () => {
    const body = Buffer.concat(chunks)
    response.end(`${request.method} ${request.url} ${body.length > 100 ? body.length : body}`)
  })
}).on('upgrade', (request, socket) => {
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n${request.url}\n`)
  socket.pipe(socket)
})

before(async () => {
  server = await TestServer.start()
  if (!address) return
  await new Promise<void>(resolve => backend.listen(0, address, resolve))
  port = (backend.address() as AddressInfo).port
  const post = async (path: string, body: object) => {
    const { status, text } = await server.http2({ method: 'POST', path, body })
    assert.equal(status, 201, text)
  }
  await post(`${namespace}/serviceaccounts`, { metadata: { name: 'default' } })
  const container = { name: 'c', image: 'i', ports: [{ containerPort: port }] }
  await post(`${namespace}/pods`, { metadata: { name: 'p' }, spec: { containers: [container] } })
  await server.http2({
    method: 'PATCH',
    path: `${namespace}/pods/p/status`,
    body: { status: { podIP: address, podIPs: [{ ip: address }] } },
    headers: { 'content-type': 'application/merge-patch+json' },
  })
  await post(`${namespace}/services`, {
    metadata: { name: 's' },
    spec: { ports: [{ name: 'web', port: 80, targetPort: port }] },
  })
  await post('/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
    metadata: { name: 's', labels: { 'kubernetes.io/service-name': 's' } },
    addressType: 'IPv4',
    ports: [{ name: 'web', port }],
    endpoints: [
      { addresses: ['203.0.113.1'], targetRef: { kind: 'Pod', name: 'p', namespace: 'default' } },
      { addresses: [address], targetRef: { kind: 'Pod', name: 'p', namespace: 'default' } },
    ],
  })
})
after(async () => {
  await server[Symbol.asyncDispose]()
  backend.closeAllConnections()
  if (backend.listening) await new Promise(resolve => backend.close(resolve))
})

test('pods and services are proxied to', { skip: !address }, async () => {
  for (const [method, path, body, expected] of [
    ['GET', '/pods/p/proxy/', undefined, 'GET / '],
    ['GET', '/pods/p/proxy/a/b/?c=d', undefined, 'GET /a/b/?c=d '],
    ['POST', `/pods/http:p:${port}/proxy/x`, 'text', 'POST /x text'],
    ['PUT', '/pods/p/proxy/x', 'text', 'PUT /x text'],
    ['PATCH', '/services/s:web/proxy/x', 'text', 'PATCH /x text'],
    ['DELETE', '/services/s:80/proxy/x', undefined, 'DELETE /x '],
    ['OPTIONS', '/services/s:80/proxy/', undefined, 'OPTIONS / '],
    // More than any object may have.
    ['POST', '/pods/p/proxy/big', Buffer.alloc(5 << 20), `POST /big ${5 << 20}`],
  ] as const)
    for (const version of ['http1', 'http2'] as const) {
      const request = { method, path: namespace + path, ...(body === undefined ? {} : { body }) }
      const answer = await server[version](request)
      assert.deepEqual([answer.status, answer.text], [200, expected], `${version} ${method} ${path}`)
    }
  const redirected = await server.http2({ path: `${namespace}/pods/p/proxy?a=b` })
  assert.deepEqual([redirected.status, redirected.headers.location], [301, `${namespace}/pods/p/proxy/?a=b`])
})

test('what cannot be proxied to is told', { skip: !address }, async () => {
  for (const [path, status, message] of [
    ['/pods/none/proxy/', 404, 'pods "none" not found'],
    ['/pods/ftp:p:1/proxy/', 400, 'invalid pod request "ftp:p:1"'],
    ['/services/s:99/proxy/', 503, 'no service port 99 found for service "s"'],
    ['/services/s:other/proxy/', 503, 'no endpoints available for service "s:other"'],
    ['/services/none/proxy/', 404, 'services "none" not found'],
    ['/pods/p:1/proxy/', 503, `error trying to reach service: dial tcp ${address}:1: connect: connection refused`],
  ] as const) {
    const { status: got, json } = await server.http2({ path: namespace + path })
    assert.deepEqual([got, json.message], [status, message])
  }
})

test('an upgraded connection goes through', { skip: !address }, async () => {
  const { server: url, ca } = server.endpoint
  const socket = connect({ host: new URL(url).hostname, port: Number(new URL(url).port), ca: ca ?? '' })
  const lines = [
    `GET ${namespace}/pods/p/proxy/ws?x=%20 HTTP/1.1`,
    'Host: x',
    'Connection: Upgrade',
    'Upgrade: echo',
    `Authorization: Bearer ${adminToken}`,
  ]
  socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  let text = ''
  for await (const chunk of socket) {
    text += chunk
    if (text.endsWith('/ws?x=%20\n')) socket.write('hello')
    if (text.endsWith('hello')) break
  }
  assert.match(text, /^HTTP\/1\.1 101 Switching Protocols\r\n/)
})
