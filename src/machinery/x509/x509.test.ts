import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { describe, test } from 'node:test'
import { createCertificate, createKey, publicKeyToPem, readCertificate, toPem } from './certificate.js'
import { integer, oid, readDer, readOid, time } from './der.js'
import { addressBytes, addressText } from './names.js'
import { createCertificateRequest, readCertificateRequest } from './request.js'
import { encodeKeyUsage } from './usages.js'

const HOUR = 3_600_000
const now = Date.parse('2026-03-01T12:00:00Z')

const root = (key = createKey()) => {
  const pem = createCertificate(
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

describe('DER', () => {
  const integers: [number | Buffer, string][] = [
    [0, '020100'],
    [2, '020102'],
    [127, '02017f'],
    [128, '02020080'],
    [256, '02020100'],
    [Buffer.from('0000ff', 'hex'), '020200ff'],
  ]
  for (const [value, hex] of integers)
    test(`integer ${typeof value === 'number' ? value : value.toString('hex')}`, () =>
      assert.equal(integer(value).toString('hex'), hex))

  for (const dotted of ['2.5.4.3', '1.2.840.113549.1.1.11', '1.3.101.112', '2.16.840.1.113730.4.1', '0.9.2342'])
    test(`object identifier ${dotted}`, () => assert.equal(readOid(readDer(oid(dotted))[0]), dotted))

  test('times change their form in 2050', () => {
    assert.equal(time(Date.parse('2049-12-31T23:59:59Z')).toString('latin1'), '\x17\x0d491231235959Z')
    assert.equal(time(Date.parse('2050-01-01T00:00:00Z')).toString('latin1'), '\x18\x0f20500101000000Z')
  })

  for (const hex of ['30', '3005', '30050000', '3080', '1f8101', '3085ffffffffff'])
    test(`refuses ${hex}`, () => assert.throws(() => readDer(Buffer.from(hex, 'hex')), /not a certificate structure/))

  test('key usage has no trailing zero bits', () => {
    assert.equal(encodeKeyUsage(['digital signature', 'key encipherment'])?.toString('hex'), '030205a0')
    assert.equal(encodeKeyUsage(['decipher only'])?.toString('hex'), '0303070080')
    assert.equal(encodeKeyUsage(['client auth']), undefined)
  })
})

describe('addresses', () => {
  const addresses: [string, string, string?][] = [
    ['10.96.0.1', '0a600001'],
    ['::', '0'.repeat(32)],
    ['::1', `${'0'.repeat(31)}1`],
    ['fd00:10:96::1', 'fd000010009600000000000000000001'],
    ['2001:DB8:0:0:1:0:0:1', '20010db8000000000001000000000001', '2001:db8::1:0:0:1'],
    ['::ffff:1.2.3.4', '00000000000000000000ffff01020304', '::ffff:102:304'],
  ]
  for (const [text, hex, canonical = text] of addresses)
    test(text, () => {
      assert.equal(addressBytes(text).toString('hex'), hex)
      assert.equal(addressText(Buffer.from(hex, 'hex')), canonical)
    })
  for (const text of ['', 'localhost', '1.2.3', 'fe80::1%eth0', '[::1]'])
    test(`refuses ${JSON.stringify(text)}`, () => assert.throws(() => addressBytes(text), /is not an IP address/))
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
    test(`an authority with a key of ${name} signs`, () => {
      const authority = root(make())
      const key = createKey()
      const pem = createCertificate(
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

      const { rawSubject, subjectKeyId, ...content } = readCertificate(certificate.raw)
      assert.deepEqual(content, {
        subject: { commonName: 'a:b', organizations: ['x', 'ü'] },
        names: { dns: ['a.example'], addresses: ['127.0.0.1', 'fd00::1'], uris: ['spiffe://a/b'], emails: ['a@b.c'] },
        usages: ['digital signature', 'client auth'],
        authority: false,
      })
      assert.equal(subjectKeyId?.length, 20)
      assert.ok(rawSubject.length > 0)
    })

  test('an authority says so', () => {
    const { certificate } = root()
    assert.equal(certificate.ca, true)
    assert.equal(readCertificate(certificate.raw).authority, true)
  })

  test('what is no certificate is refused', () =>
    assert.throws(() => readCertificate(Buffer.from('hello')), /not a certificate structure/))
})

describe('certificate requests', () => {
  test('are read as they were written, and signed unchanged', () => {
    const key = createKey()
    const subject = { commonName: 'system:node:a', organizations: ['system:nodes'] }
    const pem = createCertificateRequest(subject, key, { dns: ['a'], addresses: ['10.0.0.1'] })
    const request = readCertificateRequest(pem)
    assert.deepEqual(request.subject, subject)
    assert.deepEqual(request.names, { dns: ['a'], addresses: ['10.0.0.1'], emails: [], uris: [] })
    assert.equal(publicKeyToPem(request.publicKey), publicKeyToPem(key))
    const certificate = createCertificate(
      {
        subject: request.rawSubject,
        publicKey: request.publicKey,
        notBefore: now,
        notAfter: now + HOUR,
        usages: ['digital signature', 'server auth'],
        names: request.names,
      },
      root(),
    )
    const content = readCertificate(new X509Certificate(certificate).raw)
    assert.deepEqual(content.subject, subject)
    assert.deepEqual(content.rawSubject, request.rawSubject)
  })

  test('without names', () => {
    const request = readCertificateRequest(createCertificateRequest({ commonName: 'a' }, createKey()))
    assert.deepEqual(request.names, { dns: [], addresses: [], emails: [], uris: [] })
  })

  test('signed by another key are refused', () => {
    const pem = createCertificateRequest({ commonName: 'a' }, createKey())
    const der = Buffer.from(pem.replace(/-----.*-----/g, ''), 'base64')
    // The last byte belongs to the signature.
    der[der.length - 1] = (der.at(-1) ?? 0) ^ 1
    assert.throws(() => readCertificateRequest(toPem('CERTIFICATE REQUEST', der)), /not signed by its own key/)
  })

  test('what is no request is refused', () =>
    assert.throws(() => readCertificateRequest('hello'), /PEM block type must be CERTIFICATE REQUEST/))
})
