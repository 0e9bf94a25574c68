import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { it } from 'node:test'
import { connect } from 'node:tls'
import { ConfigMap, Namespace } from '../api/core/v1/index.js'
import { apiClient } from '../client/api-client.js'
import { httpsTransport } from '../client/https-transport.js'
import { systemClock } from '../machinery/clock.js'
import { ControlPlane } from './control-plane.js'
import { createAuthority, identities, issueClientCertificate, issueServingCertificate } from './pki.js'

const servedBy = (port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerX509Certificate()?.fingerprint256 ?? '')
      socket.destroy()
    })
    socket.on('error', reject)
  })

it('certificates are changed under way, and no watch ends for it', async () => {
  await using plane = await ControlPlane.start({ controllers: false, scheduler: false })
  const { endpoint, pki, credentials } = plane
  assert.ok(endpoint)
  const port = Number(new URL(endpoint.server).port)
  await using transport = httpsTransport(endpoint)
  const client = apiClient(transport.handle)
  const stop = new AbortController()
  const seen: string[] = []
  const watching = (async () => {
    for await (const event of client.watch(Namespace, { signal: stop.signal }))
      if (event.type === 'ADDED') seen.push(event.object.metadata.name ?? '')
  })()

  const serving = await issueServingCertificate(pki.ca, {
    subject: { commonName: 'kube-apiserver' },
    hosts: ['127.0.0.1'],
  })
  const other = await createAuthority('another', systemClock)
  await credentials.change({ serving, clientCa: pki.ca.certificate + other.certificate })
  assert.equal(await servedBy(port), new X509Certificate(serving.certificate).fingerprint256)
  const { data } = await plane.client.get(ConfigMap, {
    namespace: 'kube-system',
    name: 'extension-apiserver-authentication',
  })
  assert.equal(data?.['client-ca-file'], pki.ca.certificate + other.certificate)

  // Whom the new authority vouches for is let in, over a new connection of the same transport.
  const credential = await issueClientCertificate(other, { ...identities.admin, commonName: 'other-admin' })
  transport.renew({ clientCert: credential.certificate, clientKey: credential.key })
  await client.create(Namespace, { metadata: { name: 'made' } })
  while (!seen.includes('made')) await new Promise(resolve => setTimeout(resolve, 5))
  await assert.rejects(credentials.change({ serving: { certificate: 'no', key: 'none' } }))
  assert.equal(await servedBy(port), new X509Certificate(serving.certificate).fingerprint256)

  // One that is believed no more is refused.
  await credentials.change({ clientCa: pki.ca.certificate })
  await using late = httpsTransport({ ...endpoint, clientCert: credential.certificate, clientKey: credential.key })
  await assert.rejects(apiClient(late.handle).list(Namespace), { code: 401 })
  stop.abort()
  await watching
})
