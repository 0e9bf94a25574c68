import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { connect } from 'node:tls'
import { adminToken, TestServer } from './test-server.js'

describe('odd requests over HTTP/1.1', () => {
  let server: TestServer
  before(async () => {
    server = await TestServer.start()
  })
  after(() => server[Symbol.asyncDispose]())

  /** Everything that comes back until the server closes the connection. */
  const ask = (text: string): Promise<string> => {
    const { hostname, port } = new URL(server.endpoint.server)
    return new Promise((resolve, reject) => {
      const socket = connect({ host: hostname, port: Number(port), ca: server.endpoint.ca ?? '' })
      let answer = ''
      socket.setEncoding('utf8')
      socket.on('data', chunk => (answer += chunk))
      socket.on('error', reject)
      socket.on('close', () => resolve(answer))
      socket.write(text)
    })
  }
  const admin = `Host: x\r\nAuthorization: Bearer ${adminToken}\r\nConnection: close\r\n`
  const create = `POST /api/v1/namespaces/default/configmaps HTTP/1.1\r\n${admin}Content-Type: application/json\r\n`

  for (const [request, status, said] of [
    [`FOO /api/v1/pods HTTP/1.1\r\n${admin}\r\n`, 405, 'the server does not allow this method'],
    [`get /api/v1/pods HTTP/1.1\r\n${admin}\r\n`, 405, 'the server does not allow this method'],
    ['FOO /api/v1/pods HTTP/1.1\r\nHost: x\r\n\r\n', 403, 'cannot  resource \\"pods\\" in API group'],
    ['FOO /nope HTTP/1.1\r\nHost: x\r\n\r\n', 403, 'cannot foo path \\"/nope\\"'],
    [`FOO /nope HTTP/1.1\r\n${admin}\r\n`, 404, '404 page not found'],
    [`PROPFIND /version HTTP/1.1\r\n${admin}\r\n`, 405, 'the server does not allow this method'],
    [`CONNECT /api/v1/pods HTTP/1.1\r\n${admin}\r\n`, 405, 'the server does not allow this method'],
    [`CONNECT x:1 HTTP/1.1\r\n${admin}\r\n`, 404, '404 page not found'],
    [`OPTIONS * HTTP/1.1\r\n${admin}\r\n`, 200, 'content-length: 0'],
    [`GET https://x/version HTTP/1.1\r\n${admin}\r\n`, 200, 'v1.36'],
    [`GET /api/v1/%zz HTTP/1.1\r\n${admin}\r\n`, 400, '400 Bad Request'],
    [`GET /version HTTP/2.5\r\n${admin}\r\n`, 505, 'unsupported protocol version'],
    ['GET /version HTTP/1.1\r\n\r\n', 400, 'missing required Host header'],
    [`GET /version HTTP/1.1\r\nHost: y\r\n${admin}\r\n`, 400, '400 Bad Request'],
    ['GET /version\r\n\r\n', 400, '400 Bad Request'],
    ['nonsense\r\n\r\n', 400, '400 Bad Request'],
    [`GET /${'a'.repeat(1_100_000)} HTTP/1.1\r\n${admin}\r\n`, 431, '431 Request Header Fields Too Large'],
    [`${create}Transfer-Encoding: gzip\r\n\r\n{}`, 501, 'Unsupported transfer encoding'],
    [`${create}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, 400, '400 Bad Request'],
    [`${create}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`, 422, 'name or generateName is required'],
    [`${create}Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}`, 100, 'name or generateName is required'],
    [
      'POST /api/v1/namespaces HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n',
      403,
      'system:anonymous',
    ],
  ] as const)
    it(`${request.slice(0, 60).split('\r\n')[0]} ... is answered with ${status}`, async () => {
      const answer = await ask(request)
      assert.equal(answer.slice(0, 12), `HTTP/1.1 ${status}`)
      assert.ok(answer.includes(said), answer.slice(0, 1000))
    })
})
