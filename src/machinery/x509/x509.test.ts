import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { describe, test } from 'node:test'
import { type CertificateTemplate, createCertificate } from './certificate.js'
import { createKey, publicKeyToPem } from './keys.js'
import { canonicalAddress } from './names.js'
import { type CertificateRequest, createCertificateRequest, readCertificateRequest } from './request.js'
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

  // By OpenSSL, with what our own do not have.
  const others: readonly {
    readonly name: string
    readonly base64: readonly string[]
    readonly says?: Partial<CertificateRequest>
  }[] = [
    {
      name: 'extensions, several common names, and a hash that is not that of the curve',
      base64: [
        'MIIBiTCCAS4CAQAwSzEVMBMGA1UECgwMc3lzdGVtOm5vZGVzMQowCAYDVQQKDAFiMQ4wDAYDVQQDDAVmaXJzdDEWMBQGA1UE',
        'AwwNc3lzdGVtOm5vZGU6YTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABBDpWYN/IxQy0WCe4655U2Veo9/ezUnwIGApe5TH',
        'Etx8tGSPXgOk8/nRme4aUpKoEFxLajFfBDD1iTLDFRNCSLCggYAwfgYJKoZIhvcNAQkOMXEwbzBBBgNVHREEOjA4gglhLmV4',
        'YW1wbGWHBAoAAAGHEP0AAAAAAAAAAAAAAAAAAAGBBWFAYi5jhgxzcGlmZmU6Ly9hL2IwDwYDVR0PAQH/BAUDAweggDAZBgNV',
        'HSUEEjAQBggrBgEFBQcDAQYEKgOjVzAKBggqhkjOPQQDAwNJADBGAiEAlx75OzjdKZbllBl6BBZlAHSWRzj5pN0jjbysnl45',
        'Jm4CIQD/SYT0n+SfV9A/3DXQlsJJGbcZHJ7utIGc6p+YKLKluQ==',
      ],
      says: {
        subject: { commonName: 'system:node:a', organizations: ['system:nodes', 'b'] },
        names: { dns: ['a.example'], addresses: ['10.0.0.1', 'fd00::1'], emails: ['a@b.c'], uris: ['spiffe://a/b'] },
        usages: ['digital signature', 'key encipherment', 'decipher only', 'server auth'],
      },
    },
    {
      name: 'a name of two bytes a character',
      base64: [
        'MIHMMHUCAQAwEzERMA8GA1UEAx4IAPwAYgBlAHIwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQQ6VmDfyMUMtFgnuOueVNl',
        'XqPf3s1J8CBgKXuUxxLcfLRkj14DpPP50ZnuGlKSqBBcS2oxXwQw9YkywxUTQkiwoAAwCgYIKoZIzj0EAwIDRwAwRAIga3O1',
        'j0UQw+t+5XAkbow/h8iw/otfeFraJtITLZr84vsCIHZon2lnTCqqO1MGh9xwRs5GiOmmMPGMDtqCjZE530m9',
      ],
      says: { subject: { commonName: 'über', organizations: [] } },
    },
    {
      name: 'RSA with the padding of PSS',
      base64: [
        'MIIChjCCATkCAQAwDDEKMAgGA1UEAwwBYTCCASIwDQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEBANhENZ9DUKEmKtdcaX29',
        'E8KIjxWL9r+hwcQNok2ZwPmh8jmARGcEHKMW0AtEEdvwNiwSJuj1CTh4SmwdTpyhdCLrfGBvNO/iOrlLw3nR+XJYUhrv+mHg',
        'KOlJfCjl11M0gtYscOdiqjXvb0Cakb+5dkE2WsreFF1ZEt1wLCKVjGYTMV/tQHKppv/WOoOyOm0/d0wJOK4mUsXta/uWzL1a',
        'Yp8FblqJx+gwqQyXTb8kbYCA4UdzBq9xogqVtAb87YJQnF4S4D/74ND5WWspgeWxaeG5XrFX4G8TmsAnPWSDP+h3x5/5Xw6p',
        'mjKVwbMjr61iNkWSUJa4dmwF+gqdbBHrwPkCAwEAAaAAMEIGCSqGSIb3DQEBCjA1oA8wDQYJYIZIAWUDBAIBBQChHDAaBgkq',
        'hkiG9w0BAQgwDQYJYIZIAWUDBAIBBQCiBAICAN4DggEBAJrquYdTj5NchN5EioM1E44CvY3Va76iE4MaV04Ty1FTG30HIaJ1',
        '2KYZwE92jJW2VaBjzsA+yxF+ZZsy3xlMJZMIn9N8SvD5bp8Ccjz13rSdjDRzHyRKtY0PpQrLRQDRoD5/iP+j6na27Hhis+gt',
        'B0n0nYaflHksvgSnvLCj3W16Cd2Ifo0aJi562XMvFDM+5XqmcPBajNE8Mu3c+S4yMTf/Ph/axRJXXoXRkeaOQAqLN3uPY9G0',
        '5i1A08oA1SCBI81sfAH9+nGspsXCJnRpbLZ19SI6h8EbWsKU+dZvPjZ5r+iyrTA9JmYRFMilrXog1URgOzjSYZ0XYfpOqDEJ',
        'tEI=',
      ],
      says: { subject: { commonName: 'a', organizations: [] } },
    },
    {
      name: 'a signature over SHA-1',
      base64: [
        'MIHFMG4CAQAwDDEKMAgGA1UEAwwBYTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABBDpWYN/IxQy0WCe4655U2Veo9/ezUnw',
        'IGApe5THEtx8tGSPXgOk8/nRme4aUpKoEFxLajFfBDD1iTLDFRNCSLCgADAJBgcqhkjOPQQBA0gAMEUCIQDZXlpO4RHcMLVT',
        '83EB/9iQxQKQJ2nPD7unipbJaocrmAIgCXnfRa8k9hJ6L+rb2Qc315nlXzYuuVUNE/wyr1vkv+4=',
      ],
    },
  ]
  for (const { name, base64, says } of others)
    test(name, async () => {
      const read = readCertificateRequest(block(Buffer.from(base64.join(''), 'base64')))
      if (!says) return assert.rejects(read, /not signed by its own key/)
      const request = await read
      assert.deepEqual({ ...request, ...says }, request)
    })

  test('with something behind them are refused', async () => {
    const pem = await createCertificateRequest({ commonName: 'a' }, createKey())
    const der = Buffer.from(pem.replace(/-----.*-----/g, ''), 'base64')
    await assert.rejects(readCertificateRequest(block(Buffer.concat([der, Buffer.from([5, 0])]))), /DER/)
  })

  test('what is no request is refused', () =>
    assert.rejects(readCertificateRequest('hello'), /PEM block type must be CERTIFICATE REQUEST/))

  for (const hex of ['', '30', '3005', '30050000', '3080', '1f8101', '3085ffffffffff'])
    test(`refuses ${hex}`, () => assert.rejects(readCertificateRequest(block(Buffer.from(hex, 'hex')))))
})
