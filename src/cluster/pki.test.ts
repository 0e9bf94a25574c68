import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createPrivateKey, sign, verify, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, isIP } from 'node:net'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { connect, createServer, type TLSSocket } from 'node:tls'
import { ManualClock } from '../machinery/clock.js'
import {
  type Credential,
  createClusterPki,
  identities,
  issueClientCertificate,
  issueServingCertificate,
  selfSignedServing,
} from './pki.js'

const DAY = 86_400_000

/** Who a TLS server, asking for client certificates of `clientCa`, sees; rejects if either side refuses the other. */
const handshake = async (serving: Credential, ca: string, host: string, client?: Credential, clientCa?: string) => {
  const server = createServer({
    cert: serving.certificate,
    key: serving.key,
    ...(clientCa ? { requestCert: true, rejectUnauthorized: true, ca: clientCa } : {}),
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const accepted = new Promise<TLSSocket>((resolve, reject) => {
    server.once('secureConnection', resolve).once('tlsClientError', reject)
  })
  const socket = connect({
    port: (server.address() as AddressInfo).port,
    host: '127.0.0.1',
    ca,
    servername: isIP(host) ? 'localhost' : host,
    checkServerIdentity: (_, certificate) => {
      const at = new X509Certificate(certificate.raw)
      const found = isIP(host) ? at.checkIP(host) : at.checkHost(host)
      return found ? undefined : new Error(`not for ${host}`)
    },
    ...(client ? { cert: client.certificate, key: client.key } : {}),
  })
  try {
    const [peer] = await Promise.all([accepted, once(socket, 'secureConnect')])
    const { subject } = peer.getPeerCertificate()
    peer.destroy()
    return subject
  } finally {
    socket.destroy()
    server.close()
  }
}

describe('a cluster PKI', async () => {
  const pki = await createClusterPki({
    serviceCidrs: ['10.5.6.7/16', 'fd00:1::/112'],
    servedAt: ['api.example', '192.0.2.7'],
  })

  for (const host of [
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    'kubernetes.default.svc.cluster.local',
    'localhost',
    hostname().toLowerCase(),
    'api.example',
    '127.0.0.1',
    '::1',
    '10.5.0.1',
    'fd00:1::1',
    '192.0.2.7',
  ])
    test(`serves as ${host}`, async () => {
      await handshake(pki.apiserver, pki.ca.certificate, host)
    })

  test('does not serve as another', async () => {
    await assert.rejects(handshake(pki.apiserver, pki.ca.certificate, 'example.com'), /not for example.com/)
  })

  test('its clients are who they say', async () => {
    const node = await issueClientCertificate(pki.ca, identities.node('a'))
    const seen = await handshake(pki.apiserver, pki.ca.certificate, 'localhost', node, pki.ca.certificate)
    assert.deepEqual({ ...seen }, { O: 'system:nodes', CN: 'system:node:a' })
  })

  test('a group each', async () => {
    const client = await issueClientCertificate(pki.ca, { commonName: 'u', organizations: ['a', 'b'] })
    const seen = await handshake(pki.apiserver, pki.ca.certificate, 'localhost', client, pki.ca.certificate)
    assert.deepEqual({ ...seen }, { O: ['a', 'b'], CN: 'u' })
  })

  test('the front proxy has its own authority', async () => {
    const { frontProxyClient, frontProxyCa, ca, apiserver } = pki
    await handshake(apiserver, ca.certificate, 'localhost', frontProxyClient, frontProxyCa.certificate)
    await assert.rejects(handshake(apiserver, ca.certificate, 'localhost', frontProxyClient, ca.certificate))
  })

  test('a kubelet serves, and asks for the API server', async () => {
    const kubelet = await issueServingCertificate(pki.ca, { subject: identities.node('a'), hosts: ['a', '192.0.2.8'] })
    const { apiserverKubeletClient: client, ca } = pki
    const seen = await handshake(kubelet, ca.certificate, '192.0.2.8', client, ca.certificate)
    assert.equal(seen.CN, 'kube-apiserver-kubelet-client')
  })

  test('service account tokens are signed with ES256', () => {
    const { privateKey, publicKey } = pki.serviceAccount
    const key = createPrivateKey(privateKey)
    assert.equal(key.asymmetricKeyDetails?.namedCurve, 'prime256v1')
    const bytes = Buffer.from('token')
    assert.ok(verify('sha256', bytes, publicKey, sign('sha256', bytes, key)))
  })

  test('lasts as long as with kubeadm, beginning five minutes ago', async () => {
    const clock = new ManualClock()
    const { ca, apiserver } = await createClusterPki({ clock })
    const span = ({ certificate }: Credential) => {
      const { validFrom, validTo } = new X509Certificate(certificate)
      return [Date.parse(validFrom) - clock.now(), Date.parse(validTo) - clock.now()]
    }
    assert.deepEqual(span(ca), [-300_000, 3650 * DAY])
    assert.deepEqual(span(apiserver), [-300_000, 365 * DAY])
  })

  test('no certificate outlives its authority', async () => {
    const clock = new ManualClock()
    const { ca } = await createClusterPki({ clock })
    clock.advance(3600 * DAY)
    const { certificate } = await issueClientCertificate(ca, identities.admin, clock)
    assert.equal(Date.parse(new X509Certificate(certificate).validTo), clock.now() + 50 * DAY)
  })

  for (const cidr of ['10.0.0.0', '10.0.0.0/33', '10.0.0.0/32', 'x/8', '10.0.0.0/', '10.0.0.0/-1'])
    test(`refuses the service block ${cidr}`, () =>
      assert.rejects(createClusterPki({ serviceCidrs: [cidr] }), /is no block of addresses/))
})

describe('a server without a certificate', () => {
  test('makes one', async () => {
    const serving = await selfSignedServing(['myhost', '127.0.0.1'])
    await handshake(serving, serving.ca, 'myhost')
    await handshake(serving, serving.ca, '127.0.0.1')
    assert.equal(new X509Certificate(serving.certificate).ca, false)
  })
})

const openssl = (...argv: string[]) => spawnSync('openssl', argv, { encoding: 'utf8' })

describe('openssl agrees', { skip: openssl('version').status !== 0 }, () => {
  test('with every certificate', async () => {
    const folder = await mkdtemp(join(tmpdir(), 't8s-pki-'))
    try {
      const pki = await createClusterPki()
      const write = async (name: string, text: string) => {
        await writeFile(join(folder, name), text)
        return join(folder, name)
      }
      const ca = await write('ca.crt', pki.ca.certificate)
      const front = await write('front.crt', pki.frontProxyCa.certificate)
      for (const [name, purpose, authority, { certificate }] of [
        ['apiserver', 'sslserver', ca, pki.apiserver],
        ['kubelet-client', 'sslclient', ca, pki.apiserverKubeletClient],
        ['front-proxy-client', 'sslclient', front, pki.frontProxyClient],
      ] as const) {
        const file = await write(`${name}.crt`, certificate)
        const { stdout, stderr } = openssl('verify', '-x509_strict', '-purpose', purpose, '-CAfile', authority, file)
        assert.equal(stdout, `${file}: OK\n`, stderr)
      }
      const key = await write('sa.key', pki.serviceAccount.privateKey)
      assert.equal(openssl('pkey', '-in', key, '-pubout').stdout, pki.serviceAccount.publicKey)
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
