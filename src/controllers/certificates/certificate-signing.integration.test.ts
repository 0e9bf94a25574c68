import assert from 'node:assert/strict'
import { createPublicKey, X509Certificate } from 'node:crypto'
import { it } from 'node:test'
import { CertificateSigningRequest } from '../../api/certificates/v1/index.js'
import { runControllers } from '../../client/index.js'
import { ControlPlane } from '../../cluster/control-plane.js'
import { createCertificate, createCertificateRequest, createKey, keyToPem } from '../../machinery/x509/index.js'
import { eventually } from '../eventually.js'
import { bareControlPlane } from '../test-control-plane.js'
import { certificateSigning } from './certificate-signing.js'

it('certificates are signed once they are approved, and say what their signer allows', async () => {
  await using plane = await bareControlPlane(ControlPlane.start)
  const { client } = plane
  const makeAuthority = async () => {
    const key = createKey()
    const certificate = await createCertificate(
      {
        subject: { commonName: 'authority' },
        publicKey: createPublicKey(key),
        notBefore: Date.now() - 60_000,
        notAfter: Date.now() + 3_600_000_000,
        usages: ['cert sign'],
        authority: true,
      },
      { key },
    )
    return { certificate, key: keyToPem(key) }
  }
  const authority = await makeAuthority()
  await using _running = runControllers([certificateSigning({ authority })], { client, onError: plane.onError })
  const ask = async (name: string, signer: string, subject: object, usages: readonly string[], names: object = {}) => {
    const request = await createCertificateRequest(subject as never, createKey(), names)
    await client.create(CertificateSigningRequest, {
      metadata: { name },
      spec: {
        request: Buffer.from(request).toString('base64'),
        signerName: `kubernetes.io/${signer}`,
        usages: [...usages],
        expirationSeconds: 3600,
      },
    })
  }
  const get = (name: string) => client.get(CertificateSigningRequest, { name })
  const approve = async (name: string) => {
    const request = await get(name)
    const conditions = [{ type: 'Approved', status: 'True', reason: 'Test', message: '' }]
    await client.update(CertificateSigningRequest, { ...request, status: { conditions } }, { subresource: 'approval' })
  }
  const condition = async (name: string, type: string) =>
    (await get(name)).status.conditions?.find(condition => condition.type === type)

  await ask('user', 'kube-apiserver-client', { commonName: 'jane', organizations: ['dev'] }, ['client auth'])
  await approve('user')
  const signedFor = (name: string) =>
    eventually(async () => {
      const { certificate } = (await get(name)).status
      assert.ok(certificate)
      return new X509Certificate(Buffer.from(certificate, 'base64'))
    })
  const signed = await signedFor('user')
  assert.equal(signed.subject.split('\n').sort().join(), 'CN=jane,O=dev')
  assert.ok(signed.verify(new X509Certificate(authority.certificate).publicKey))
  assert.ok(Math.abs(Date.parse(signed.validTo) - Date.now() - 3_600_000) < 60_000)

  await ask('serving', 'kubelet-serving', { commonName: 'system:node:a', organizations: ['system:nodes'] }, [
    'digital signature',
    'server auth',
  ])
  await approve('serving')
  const failed = await eventually(async () => {
    const failed = await condition('serving', 'Failed')
    assert.ok(failed)
    return failed
  })
  assert.equal(failed.reason, 'SignerValidationFailure')
  assert.equal(failed.message, 'DNS or IP subjectAltName is required')

  // The test's client may do everything, and so may have a node's certificate.
  await ask('node', 'kube-apiserver-client-kubelet', { commonName: 'system:node:a', organizations: ['system:nodes'] }, [
    'digital signature',
    'client auth',
  ])
  await eventually(async () => {
    assert.equal((await condition('node', 'Approved'))?.reason, 'AutoApproved')
    assert.ok((await get('node')).status.certificate)
  })

  Object.assign(authority, await makeAuthority())
  await ask('later', 'kube-apiserver-client', { commonName: 'jane' }, ['client auth'])
  await approve('later')
  assert.ok((await signedFor('later')).verify(new X509Certificate(authority.certificate).publicKey))

  // Others are for people to decide.
  await ask('waiting', 'kube-apiserver-client', { commonName: 'joe' }, ['client auth'])
  assert.equal((await get('waiting')).status.conditions, undefined)
  assert.deepEqual(plane.faults.map(String), [])
})
