import { X509Certificate } from 'node:crypto'
import { messageOf } from '../../../machinery/message-of.js'
import { InvalidSignature, readCertificateRequest } from '../../../machinery/x509/index.js'

/** What is wrong with the bytes of a request for a certificate (PEM), in upstream's words; undefined if nothing is. */
export async function requestFault(bytes: Buffer): Promise<string | undefined> {
  const [block] = pemBlocks(bytes.toString('latin1'))
  if (block?.type !== 'CERTIFICATE REQUEST') return 'PEM block type must be CERTIFICATE REQUEST'
  const fault = sequenceFault(block.bytes, 'certificateRequest')
  if (fault) return fault
  try {
    await readCertificateRequest(pemOf(block))
    return undefined
  } catch (error) {
    return error instanceof InvalidSignature ? signatureFault(error) : messageOf(error)
  }
}

/** What is wrong with the bytes of certificates that were issued (PEM). */
export function certificatesFault(bytes: Buffer): string | undefined {
  const blocks = pemBlocks(bytes.toString('latin1'))
  if (blocks.length === 0) return 'must contain at least one CERTIFICATE PEM block'
  for (const { type, headers, bytes } of blocks) {
    if (type !== 'CERTIFICATE') return `only CERTIFICATE PEM blocks are allowed, found "${type}"`
    if (headers) return 'no PEM block headers are permitted'
    if (bytes.length === 0) return 'found CERTIFICATE PEM block containing 0 certificates'
    try {
      new X509Certificate(bytes)
    } catch {
      return 'x509: malformed certificate'
    }
  }
  return undefined
}

interface PemBlock {
  readonly type: string
  /** Whether lines of the form `Name: value` stand before the content. */
  readonly headers: boolean
  readonly bytes: Buffer
}

const block = /(?:^|\n)-----BEGIN ([^\n]*?)-----[ \t\r]*\n((?:[^\n]*:[^\n]*\n)*)([\s\S]*?)-----END \1-----/g
const encoded = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** The blocks of a PEM text. What cannot be decoded is no block. */
function pemBlocks(text: string): PemBlock[] {
  return [...text.matchAll(block)].flatMap(([, type = '', headers = '', body = '']) => {
    const base64 = body.replaceAll(/\s/g, '')
    return encoded.test(base64) ? [{ type, headers: headers !== '', bytes: Buffer.from(base64, 'base64') }] : []
  })
}

const pemOf = ({ type, bytes }: PemBlock): string =>
  `-----BEGIN ${type}-----\n${bytes.toString('base64')}\n-----END ${type}-----\n`

const signatureFault = ({ keyType, insecure }: InvalidSignature): string => {
  if (insecure) return `x509: cannot verify signature: insecure algorithm SHA1-${keyType === 'ec' ? 'ECDSA' : 'RSA'}`
  if (keyType === 'rsa') return 'crypto/rsa: verification error'
  return `x509: ${keyType === 'ec' ? 'ECDSA' : 'Ed25519'} verification failure`
}

const longestLength = 2 ** 23
const noParameters =
  '{optional:false explicit:false application:false private:false defaultValue:<nil> tag:<nil> stringType:0 timeType:0 set:false omitEmpty:false}'

/** Why bytes are not exactly one DER sequence, which `type` names. */
function sequenceFault(bytes: Buffer, type: string): string | undefined {
  const syntax = (what: string): string => `asn1: syntax error: ${what}`
  const structure = (what: string): string => `asn1: structure error: ${what}`
  const [first] = bytes
  if (first === undefined) return syntax('sequence truncated')
  let at = 1
  let tag = first & 0x1f
  if (tag === 0x1f) {
    tag = 0
    for (let read = 0, more = true; more; read++) {
      const byte = bytes[at++]
      if (byte === undefined) return syntax('truncated base 128 integer')
      if (read === 0 && byte === 0x80) return syntax('integer is not minimally encoded')
      if (read === 5) return structure('base 128 integer too large')
      tag = tag * 128 + (byte & 0x7f)
      more = byte >= 0x80
    }
    if (tag > 2 ** 31 - 1) return structure('base 128 integer too large')
    if (tag < 0x1f) return syntax('non-minimal tag')
  }
  const form = bytes[at++]
  if (form === undefined) return syntax('truncated tag or length')
  let length = form & 0x7f
  if (form >= 0x80) {
    if (length === 0) return syntax('indefinite length found (not DER)')
    const end = at + length
    length = 0
    while (at < end) {
      const byte = bytes[at++]
      if (byte === undefined) return syntax('truncated tag or length')
      if (length >= longestLength) return structure('length too large')
      length = length * 256 + byte
      if (length === 0) return structure('superfluous leading zeros in length')
    }
    if (length < 0x80) return structure('non-minimal length')
  }
  const found = { class: first >> 6, tag, length, isCompound: (first & 0x20) !== 0 }
  if (found.class !== 0 || tag !== 16 || !found.isCompound) {
    const shown = Object.entries(found).map(([name, value]) => `${name}:${value}`)
    return structure(`tags don't match (16 vs {${shown.join(' ')}}) ${noParameters} ${type} @${at}`)
  }
  if (bytes.length - at < length) return syntax('data truncated')
  return bytes.length - at > length ? syntax('trailing data') : undefined
}
