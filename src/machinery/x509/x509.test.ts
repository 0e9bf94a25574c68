import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { describe, test } from 'node:test'
import { type CertificateTemplate, createCertificate } from './certificate.js'
import { createKey, publicKeyToPem } from './keys.js'
import { canonicalAddress } from './names.js'
import { createCertificateRequest, readCertificateRequest } from './request.js'
import type { Usage } from './usages.js'

const HOUR = 3_600_000
const now = Date.parse('2026-03-01T12:00:00Z')

const root = async (key = createKey()) => {
  const pem = await createCertificate(
    {
      subject: { commonName: 'root' },
      publicKey: createPublicKey(key),
      notBefore: now,
      notAfter: now + HOUR,
      usages: ['digital signature', 'cert sign'],
      authority: true,
    },
    { key },
  )
  return { key, certificate: new X509Certificate(pem) }
}

describe('addresses', () => {
  const addresses: [string, string?][] = [
    ['10.96.0.1'],
    ['::'],
    ['fd00:10:96::1'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['::ffff:1.2.3.4', '1.2.3.4'],
  ]
  for (const [text, canonical = text] of addresses) test(text, () => assert.equal(canonicalAddress(text), canonical))
  for (const text of ['', 'localhost', '1.2.3', 'fe80::1%eth0', '[::1]'])
    test(`refuses ${JSON.stringify(text)}`, () => assert.throws(() => canonicalAddress(text), /is not an IP address/))
})

describe('certificates', () => {
  const keys: [string, () => ReturnType<typeof createKey>][] = [
    ['P-256', createKey],
    ['P-384', () => generateKeyPairSync('ec', { namedCurve: 'secp384r1' }).privateKey],
    ['P-521', () => generateKeyPairSync('ec', { namedCurve: 'secp521r1' }).privateKey],
    ['Ed25519', () => generateKeyPairSync('ed25519').privateKey],
    ['RSA', () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey],
  ]
  for (const [name, make] of keys)
    test(`an authority with a key of ${name} signs`, async () => {
      const authority = await root(make())
      const key = createKey()
      const pem = await createCertificate(
        {
          subject: { commonName: 'a:b', organizations: ['x', 'ü'] },
          publicKey: createPublicKey(key),
          notBefore: now,
          notAfter: now + HOUR,
          usages: ['digital signature', 'client auth'],
          names: { dns: ['a.example'], addresses: ['127.0.0.1', 'fd00::1'], uris: ['spiffe://a/b'], emails: ['a@b.c'] },
        },
        authority,
      )
      const certificate = new X509Certificate(pem)
      assert.ok(authority.certificate.verify(createPublicKey(authority.key)))
      assert.ok(certificate.verify(createPublicKey(authority.key)))
      assert.ok(certificate.checkIssued(authority.certificate))
      assert.ok(certificate.checkPrivateKey(key))
      assert.equal(certificate.ca, false)
      assert.equal(certificate.subject, 'O=x\nO=ü\nCN=a:b')
      assert.equal(
        certificate.subjectAltName,
        'DNS:a.example, IP Address:127.0.0.1, IP Address:FD00:0:0:0:0:0:0:1, email:a@b.c, URI:spiffe://a/b',
      )
      assert.equal(Date.parse(certificate.validFrom), now)
      assert.equal(Date.parse(certificate.validTo), now + HOUR)

      assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.2'])
    })

  const sample = async (what: Partial<CertificateTemplate>) => {
    const template = { subject: { commonName: 'a' }, notBefore: now, notAfter: now + HOUR, usages: [] }
    const pem = await createCertificate({ ...template, publicKey: createPublicKey(createKey()), ...what }, await root())
    return new X509Certificate(pem)
  }

  test('an authority says so', async () => assert.equal((await root()).certificate.ca, true))

  test('fractions of seconds are left out, before 2050 and after', async () => {
    const notAfter = Date.parse('2051-02-03T04:05:06Z')
    const { raw, validFrom, validTo } = await sample({ notBefore: now + 999, notAfter: notAfter + 999 })
    assert.deepEqual([Date.parse(validFrom), Date.parse(validTo)], [now, notAfter])
    assert.ok(raw.includes('\x17\x0d260301120000Z\x18\x0f20510203040506Z', 0, 'latin1'))
  })

  const keyUsages: [Usage[], string][] = [
    [['digital signature', 'key encipherment'], '0603551d0f0101ff0404030205a0'],
    [['decipher only'], '0603551d0f0101ff04050303070080'],
  ]
  for (const [usages, hex] of keyUsages)
    test(`key usage ${usages.join(', ')}`, async () =>
      assert.ok((await sample({ usages })).raw.includes(Buffer.from(hex, 'hex'))))

  test('serial numbers are random, positive and 16 bytes long', async () => {
    const serials = await Promise.all([sample({}), sample({})])
    assert.notEqual(serials[0].serialNumber, serials[1].serialNumber)
    for (const { serialNumber } of serials) assert.match(serialNumber, /^[4-7][0-9A-F]{31}$/)
  })
})

describe('certificate requests', () => {
  const block = (der: Buffer) =>
    `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`

  test('are read as they were written, and signed unchanged', async () => {
    const key = createKey()
    const subject = { commonName: 'system:node:a', organizations: ['system:nodes'] }
    const pem = await createCertificateRequest(subject, key, { dns: ['a'], addresses: ['10.0.0.1'] })
    const request = await readCertificateRequest(pem)
    assert.deepEqual(request.subject, subject)
    assert.deepEqual(request.names, { dns: ['a'], addresses: ['10.0.0.1'], emails: [], uris: [] })
    assert.equal(publicKeyToPem(request.publicKey), publicKeyToPem(key))
    const certificate = await createCertificate(
      {
        subject: request.rawSubject,
        publicKey: request.publicKey,
        notBefore: now,
        notAfter: now + HOUR,
        usages: ['digital signature', 'server auth'],
        names: request.names,
      },
      await root(),
    )
    assert.ok(new X509Certificate(certificate).raw.includes(request.rawSubject))
    assert.equal(new X509Certificate(certificate).subject, 'O=system:nodes\nCN=system:node:a')
  })

  test('without names', async () => {
    const request = await readCertificateRequest(await createCertificateRequest({ commonName: 'a' }, createKey()))
    assert.deepEqual(request.names, { dns: [], addresses: [], emails: [], uris: [] })
  })

  test('signed by another key are refused', async () => {
    const pem = await createCertificateRequest({ commonName: 'a' }, createKey())
    const der = Buffer.from(pem.replace(/-----.*-----/g, ''), 'base64')
    // The last byte belongs to the signature.
    der[der.length - 1] = (der.at(-1) ?? 0) ^ 1
    await assert.rejects(readCertificateRequest(block(der)), /not signed by its own key/)
  })

  test('what is no request is refused', () =>
    assert.rejects(readCertificateRequest('hello'), /PEM block type must be CERTIFICATE REQUEST/))

  for (const hex of ['', '30', '3005', '30050000', '3080', '1f8101', '3085ffffffffff'])
    test(`refuses ${hex}`, () => assert.rejects(readCertificateRequest(block(Buffer.from(hex, 'hex')))))
})
