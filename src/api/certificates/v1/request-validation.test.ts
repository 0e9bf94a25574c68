import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { test } from 'node:test'
import { createCertificate, createCertificateRequest, createKey } from '../../../machinery/x509/index.js'
import type { CertificateSigningRequest } from './certificate-signing-request.js'
import { validateStatus, verifyRequest } from './request-validation.js'

const base64 = (text: string) => Buffer.from(text).toString('base64')
const asking = (request: string | null) => ({ spec: { request } }) as CertificateSigningRequest
const issued = (certificate: string) => ({ spec: {}, status: { certificate } }) as CertificateSigningRequest

test('a request must be signed by its own key', async () => {
  const pem = await createCertificateRequest({ commonName: 'a' }, createKey())
  assert.deepEqual(await verifyRequest(asking(base64(pem))), [])
  const forged = (await createCertificateRequest({ commonName: 'b' }, createKey())).split('\n')
  // The first lines hold the name, the last ones the signature.
  const lines = pem.split('\n')
  const mixed = [...lines.slice(0, 2), ...forged.slice(2)].join('\n')
  for (const request of [null, base64('hello'), base64(mixed)]) {
    const [fault] = await verifyRequest(asking(request))
    assert.equal(fault?.field, 'spec.request')
  }
})

test('what is issued must be certificates', async () => {
  const key = createKey()
  const pem = await createCertificate(
    { subject: { commonName: 'a' }, publicKey: createPublicKey(key), notBefore: 0, notAfter: 1e12, usages: [] },
    { key },
  )
  const faults = (text: string) => validateStatus(issued(base64(text)), issued('')).map(({ field }) => field)
  assert.deepEqual(faults(pem + pem), [])
  for (const text of ['hello', pem.replaceAll('CERTIFICATE', 'PUBLIC KEY'), pem + pem.replace('MII', 'AAA')])
    assert.deepEqual(faults(text), ['status.certificate'])
})
