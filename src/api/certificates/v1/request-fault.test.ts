import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createCertificateRequest, createKey } from '../../../machinery/x509/index.js'
import { certificatesFault, requestFault } from './request-fault.js'

const pem = (type: string, bytes: readonly number[]) =>
  `-----BEGIN ${type}-----\n${Buffer.from(bytes).toString('base64')}\n-----END ${type}-----\n`
const request = (...bytes: readonly number[]) => pem('CERTIFICATE REQUEST', bytes)
const noPem = 'PEM block type must be CERTIFICATE REQUEST'
const notMatching = (found: string, at: number) =>
  `asn1: structure error: tags don't match (16 vs ${found}) {optional:false explicit:false application:false private:false defaultValue:<nil> tag:<nil> stringType:0 timeType:0 set:false omitEmpty:false} certificateRequest @${at}`

const cases: readonly (readonly [string, string])[] = [
  ['', noPem],
  ['hello', noPem],
  [pem('NEW CERTIFICATE REQUEST', [0x30, 0]), noPem],
  [pem('PRIVATE KEY', [0x30, 0]) + request(0x30, 0), noPem],
  ['-----BEGIN CERTIFICATE REQUEST-----\nno-base64\n-----END CERTIFICATE REQUEST-----\n', noPem],
  [request(), 'asn1: syntax error: sequence truncated'],
  [request(0x30), 'asn1: syntax error: truncated tag or length'],
  [request(0x30, 5, 1), 'asn1: syntax error: data truncated'],
  [request(0x30, 0x80), 'asn1: syntax error: indefinite length found (not DER)'],
  [request(0x30, 0x82, 1), 'asn1: syntax error: truncated tag or length'],
  [request(0x30, 0x81, 0), 'asn1: structure error: superfluous leading zeros in length'],
  [request(0x30, 0x81, 5), 'asn1: structure error: non-minimal length'],
  [request(0x30, 0, 0), 'asn1: syntax error: trailing data'],
  [request(...Buffer.from('garbage')), notMatching('{class:1 tag:7 length:97 isCompound:true}', 2)],
  [request(2, 1, 1), notMatching('{class:0 tag:2 length:1 isCompound:false}', 2)],
  [request(0x1f, 0x81, 0), 'asn1: syntax error: truncated tag or length'],
]

describe('what is wrong with a request for a certificate', () => {
  for (const [text, expected] of cases)
    it(expected.slice(0, 70), async () => assert.equal(await requestFault(Buffer.from(text)), expected))

  it('nothing when its key has signed it, with lines of its own around it', async () => {
    const text = await createCertificateRequest({ commonName: 'a' }, createKey())
    assert.equal(await requestFault(Buffer.from(`a request:\n${text}`)), undefined)
  })

  it('a signature of something else', async () => {
    const text = await createCertificateRequest({ commonName: 'alice' }, createKey())
    const bytes = Buffer.from(text.replaceAll(/-----.*-----/g, ''), 'base64')
    bytes.write('x', bytes.indexOf('alice'))
    assert.equal(await requestFault(Buffer.from(request(...bytes))), 'x509: ECDSA verification failure')
  })
})

describe('what is wrong with issued certificates', () => {
  const withHeaders = pem('CERTIFICATE', [0x30, 0]).replace('\n', '\nProc-Type: 4,ENCRYPTED\n\n')
  for (const [text, expected] of [
    ['hello', 'must contain at least one CERTIFICATE PEM block'],
    [request(0x30, 0), 'only CERTIFICATE PEM blocks are allowed, found "CERTIFICATE REQUEST"'],
    [withHeaders, 'no PEM block headers are permitted'],
    [pem('CERTIFICATE', []), 'found CERTIFICATE PEM block containing 0 certificates'],
    [pem('CERTIFICATE', [0, 0, 0]), 'x509: malformed certificate'],
  ] as const)
    it(expected, () => assert.equal(certificatesFault(Buffer.from(text)), expected))
})
