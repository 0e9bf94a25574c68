import assert from 'node:assert/strict'
import { createPublicKey, type X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { get } from 'node:https'
import { describe, it } from 'node:test'
import { connect } from 'node:tls'
import { createCertificate, createKey, keyToPem } from '../../machinery/x509/index.js'
import type { Access } from './access.js'
import { type Route, startKubeletServer } from './kubelet-server.js'

async function selfSigned(commonName: string) {
  const key = createKey()
  const now = Date.now()
  const certificate = await createCertificate(
    {
      subject: { commonName },
      publicKey: createPublicKey(key),
      notBefore: now - 60_000,
      notAfter: now + 3_600_000,
      usages: ['server auth'],
      names: { addresses: ['127.0.0.1'] },
    },
    { key },
  )
  return { certificate, key: keyToPem(key) }
}

const servedBy = async (port: number): Promise<string> => {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const { subject = '' } = socket.getPeerX509Certificate() ?? ({} as Partial<X509Certificate>)
  socket.destroy()
  return subject
}

describe('the server of a kubelet', () => {
  it('serves with another certificate from now on, and what it is sending goes on', async () => {
    const [one, two] = [await selfSigned('one'), await selfSigned('two')]
    let go = () => {}
    const gate = new Promise<void>(resolve => {
      go = resolve
    })
    async function* pieces() {
      yield Buffer.from('before ')
      await gate
      yield Buffer.from('after')
    }
    const route: Route = {
      path: 'stream',
      methods: ['GET'],
      access: 'public',
      handle: async () => ({ type: 'text/plain', body: pieces() }),
    }
    const options = { host: '127.0.0.1', port: 0, ...one, clientCa: one.certificate }
    await using server = await startKubeletServer(options, {} as Access, [route], error => assert.fail(String(error)))
    const request = get({ host: '127.0.0.1', port: server.port, path: '/stream', rejectUnauthorized: false })
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    assert.equal(await servedBy(server.port), 'CN=one')

    server.renew(two)
    assert.equal(await servedBy(server.port), 'CN=two')
    assert.throws(() => server.renew({ certificate: one.certificate }), /key values mismatch/)
    assert.equal(await servedBy(server.port), 'CN=two')
    go()
    let text = ''
    for await (const chunk of response) text += String(chunk)
    assert.equal(text, 'before after')
  })
})
