import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { createTestCertificates } from '../../../machinery/streaming/test-certificates.js'
import { keyPairFault } from './key-pair-warnings.js'

const pem = (type: string, body = 'AAAA'): string => `-----BEGIN ${type}-----\n${body}\n-----END ${type}-----\n`

test('what keeps a certificate and a key from being used for TLS', async () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const key = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
  for (const [certificate, privateText, expected] of [
    ['', '', 'tls: failed to find any PEM data in certificate input'],
    [
      key,
      key,
      'tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched',
    ],
    [
      pem('X') + pem('Y'),
      key,
      'tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: [X Y]',
    ],
    [pem('CERTIFICATE'), 'text', 'tls: failed to find any PEM data in key input'],
    [
      pem('CERTIFICATE'),
      pem('CERTIFICATE'),
      'tls: found a certificate rather than a key in the PEM for the private key',
    ],
    [
      pem('CERTIFICATE'),
      pem('PUBLIC KEY'),
      'tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the following types: [PUBLIC KEY]',
    ],
    [pem('CERTIFICATE'), key, 'x509: malformed certificate'],
  ] as const)
    assert.equal(keyPairFault(certificate, privateText), expected)
  const { server, client } = await createTestCertificates()
  assert.equal(keyPairFault(server.cert, server.key), undefined)
  assert.equal(keyPairFault(server.cert, client.key), 'tls: private key does not match public key')
  assert.equal(keyPairFault(server.cert, pem('PRIVATE KEY')), 'tls: failed to parse private key')
})
