import { createPublicKey, type KeyObject } from 'node:crypto'
import { toPem } from './certificate.js'
import { bitString, integer, oid, readBits, readDer, readInside, readOid, sequence, set, tagged } from './der.js'
import { decodeExtensions, encodeExtensions } from './extensions.js'
import { type AlternativeNames, decodeName, encodeName, isEmpty, type Name } from './names.js'
import { signatureIdentifier, signBytes, verifyBytes } from './signature.js'
import type { Usage } from './usages.js'

const EXTENSION_REQUEST = '1.2.840.113549.1.9.14'

/** What a PKCS#10 request asks for. */
export interface CertificateRequest {
  readonly subject: Required<Name>
  /** The subject as it was written, to be signed unchanged. */
  readonly rawSubject: Buffer
  readonly publicKey: KeyObject
  readonly names: Required<AlternativeNames>
  readonly usages: readonly Usage[]
}

/** Writes and signs a PKCS#10 request for `key`; answers its PEM. */
export const createCertificateRequest = (subject: Name, key: KeyObject, names: AlternativeNames = {}): string => {
  const extensions = encodeExtensions({ usages: [], names })
  const attributes = isEmpty(names) ? [] : [sequence(oid(EXTENSION_REQUEST), set(extensions))]
  const body = sequence(
    integer(0),
    encodeName(subject),
    createPublicKey(key).export({ type: 'spki', format: 'der' }),
    tagged(0, ...attributes),
  )
  return toPem('CERTIFICATE REQUEST', sequence(body, signatureIdentifier(key), bitString(signBytes(body, key))))
}

/** Reads a request (PEM). Throws if it is none, or if it was not signed by the key it names. */
export const readCertificateRequest = (pem: string): CertificateRequest => {
  const match = /-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----([\s\S]*?)-----END (?:NEW )?CERTIFICATE REQUEST-----/.exec(
    pem,
  )
  if (!match?.[1]) throw new Error('not a certificate request: PEM block type must be CERTIFICATE REQUEST')
  const [body, algorithm, signature] = readInside(readDer(Buffer.from(match[1], 'base64'))[0], 0x30)
  const [, subject, spki, attributes] = readInside(body, 0x30)
  if (!body || !subject || !spki) throw new Error('not a certificate request: it ends too early')
  const publicKey = createPublicKey({ key: spki.raw, format: 'der', type: 'spki' })
  const signedWith = readOid(readInside(algorithm, 0x30)[0])
  if (!verifyBytes(signedWith, body.raw, readBits(signature), publicKey))
    throw new Error('the certificate request is not signed by its own key')
  const requested = (attributes ? readDer(attributes.content) : [])
    .map(attribute => readInside(attribute, 0x30))
    .find(([type]) => readOid(type) === EXTENSION_REQUEST)
  const { names, usages } = decodeExtensions(requested && readInside(requested[1], 0x31)[0])
  return { subject: decodeName(subject), rawSubject: subject.raw, publicKey, names, usages }
}
