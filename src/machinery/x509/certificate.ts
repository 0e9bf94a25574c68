import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  type X509Certificate,
} from 'node:crypto'
import { bitString, integer, readBits, readDer, readInside, sequence, tagged, time } from './der.js'
import { decodeExtensions, type Extensions, encodeExtensions } from './extensions.js'
import { type AlternativeNames, decodeName, encodeName, type Name } from './names.js'
import { signatureIdentifier, signBytes } from './signature.js'
import type { Usage } from './usages.js'

/** What a certificate is to say. */
export interface CertificateTemplate {
  /** A name, or the DER of one, as a request carries it. */
  readonly subject: Name | Buffer
  readonly publicKey: KeyObject
  /** Milliseconds since the epoch; X.509 keeps whole seconds. */
  readonly notBefore: number
  readonly notAfter: number
  readonly usages: readonly Usage[]
  readonly names?: AlternativeNames
  /** Whether its key may sign other certificates. */
  readonly authority?: boolean
}

/** Who signs: a private key, and the certificate that vouches for it; without one the new certificate is its own root. */
export interface Issuer {
  readonly key: KeyObject
  readonly certificate?: X509Certificate
}

/** What certificates are read for here. */
export interface CertificateContent {
  readonly subject: Required<Name>
  /** The subject as it is written, for naming it as issuer. */
  readonly rawSubject: Buffer
  readonly names: Required<AlternativeNames>
  readonly usages: readonly Usage[]
  readonly authority: boolean
  readonly subjectKeyId?: Buffer | undefined
}

/** Reads a certificate (its DER, `X509Certificate.raw`). Throws if it is none. */
export const readCertificate = (der: Buffer): CertificateContent => {
  const [body] = readInside(readDer(der)[0], 0x30)
  const fields = readInside(body, 0x30).filter(({ tag }) => tag !== 0xa0)
  const subject = fields[4]
  const extensions = fields.find(({ tag }) => tag === 0xa3)
  const {
    names,
    usages,
    authority = false,
    subjectKeyId,
  } = decodeExtensions(extensions && readDer(extensions.content)[0])
  if (!subject) throw new Error('not a certificate structure: it ends too early')
  return { subject: decodeName(subject), rawSubject: subject.raw, names, usages, authority, subjectKeyId }
}

/** The usual name of a key: SHA-1 over its bits (RFC 5280, 4.2.1.2). */
const keyId = (spki: Buffer): Buffer =>
  createHash('sha1')
    .update(readBits(readInside(readDer(spki)[0], 0x30)[1]))
    .digest()

const serialNumber = (): Buffer => {
  const bytes = randomBytes(16)
  // Positive, and never zero.
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return bytes
}

/** PEM around DER. */
export const toPem = (label: string, der: Buffer): string =>
  `-----BEGIN ${label}-----\n${der.toString('base64').replace(/.{1,64}/g, '$&\n')}-----END ${label}-----\n`

/** Signs a certificate; answers its PEM. */
export const createCertificate = (template: CertificateTemplate, issuer: Issuer): string => {
  const { publicKey, notBefore, notAfter, usages, names = {}, authority = false } = template
  const subject = Buffer.isBuffer(template.subject) ? template.subject : encodeName(template.subject)
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const subjectKeyId = keyId(spki)
  const signer = issuer.certificate && readCertificate(issuer.certificate.raw)
  const extensions: Extensions = {
    usages,
    names,
    authority,
    subjectKeyId,
    authorityKeyId: signer ? signer.subjectKeyId : subjectKeyId,
  }
  const algorithm = signatureIdentifier(issuer.key)
  const body = sequence(
    tagged(0, integer(2)),
    integer(serialNumber()),
    algorithm,
    signer ? signer.rawSubject : subject,
    sequence(time(notBefore), time(notAfter)),
    subject,
    spki,
    tagged(3, encodeExtensions(extensions)),
  )
  return toPem('CERTIFICATE', sequence(body, algorithm, bitString(signBytes(body, issuer.key))))
}

/** A fresh ECDSA P-256 key: some hundred times faster to make than RSA, and understood by every Kubernetes client. */
export const createKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey

/** A private key as PEM: SEC 1 or PKCS#1, whichever is its own form, else PKCS#8. */
export const keyToPem = (key: KeyObject): string => {
  const type = key.asymmetricKeyType === 'ec' ? 'sec1' : key.asymmetricKeyType === 'rsa' ? 'pkcs1' : 'pkcs8'
  return key.export({ type, format: 'pem' }).toString()
}

/** A public key (or a private key's public half) as PEM. */
export const publicKeyToPem = (key: KeyObject): string =>
  (key.type === 'private' ? createPublicKey(key) : key).export({ type: 'spki', format: 'pem' }).toString()
