import { createHash, type KeyObject, randomBytes, type X509Certificate } from 'node:crypto'
import {
  bitString,
  der,
  derContent,
  derOnly,
  derTag,
  derWithin,
  namedBits,
  numbered,
  objectId,
  readBytes,
  sequence,
  time,
} from './der.js'
import { extension, readExtensions } from './extensions.js'
import { type AlternativeNames, encodeAlternativeNames, encodeName, type Name } from './names.js'
import { objectIds } from './object-ids.js'
import { pemOf } from './pem.js'
import { signerWith } from './signatures.js'
import { extendedUsages, keyUsageBits, type Usage } from './usages.js'

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

/** The third version, in which certificates have extensions. */
const version = der(numbered(0, 'values'), der(derTag.integer, Buffer.from([2])))

/** Signs a certificate; resolves to its PEM. */
export const createCertificate = async (template: CertificateTemplate, issuer: Issuer): Promise<string> => {
  const subject = Buffer.isBuffer(template.subject) ? template.subject : encodeName(template.subject)
  const publicKey = template.publicKey.export({ type: 'spki', format: 'der' })
  const keyId = keyIdOf(publicKey)
  const by = issuer.certificate ? signedBy(issuer.certificate) : { subject, keyId }
  const signer = signerWith(issuer.key)
  const unsigned = sequence(
    version,
    der(derTag.integer, serialNumber()),
    signer.algorithm,
    by.subject,
    sequence(time(template.notBefore), time(template.notAfter)),
    subject,
    publicKey,
    der(numbered(3, 'values'), sequence(...extensionsOf(template, keyId, by.keyId))),
  )
  return pemOf('CERTIFICATE', sequence(unsigned, signer.algorithm, bitString(await signer.sign(unsigned))))
}

function extensionsOf(
  { usages, names = {}, authority = false }: CertificateTemplate,
  keyId: Buffer,
  authorityKeyId: Buffer | undefined,
): readonly Buffer[] {
  const bits = keyUsageBits(usages)
  const types = extendedUsages(usages)
  const alternative = encodeAlternativeNames(names)
  const isAuthority = authority ? [der(derTag.boolean, Buffer.from([0xff]))] : []
  return [
    ...(bits ? [extension(objectIds.keyUsage, true, namedBits(bits))] : []),
    ...(types.length > 0 ? [extension(objectIds.extendedUsage, false, sequence(...types.map(objectId)))] : []),
    extension(objectIds.basicConstraints, true, sequence(...isAuthority)),
    extension(objectIds.subjectKeyId, false, der(derTag.octetString, keyId)),
    ...(authorityKeyId
      ? [extension(objectIds.authorityKeyId, false, sequence(der(numbered(0, 'value'), authorityKeyId)))]
      : []),
    ...(alternative ? [extension(objectIds.alternativeNames, false, alternative)] : []),
  ]
}

/** Positive, and never zero. */
function serialNumber(): Buffer {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return bytes
}

/** What tells a key from others, as RFC 5280 proposes: a hash of its bits. */
function keyIdOf(publicKey: Buffer): Buffer {
  const [, bits] = derWithin(derOnly(publicKey), derTag.sequence)
  return createHash('sha1').update(readBytes(bits)).digest()
}

/** What a certificate says of the one that signed it. */
function signedBy({ raw }: X509Certificate) {
  const [signed] = derWithin(derOnly(raw), derTag.sequence)
  const fields = derWithin(signed, derTag.sequence)
  // The version, which comes first, is left out by old ones; extensions come last, if there are any.
  const subject = fields[fields[0]?.tag === numbered(0, 'values') ? 5 : 4]
  const extensions = fields.find(({ tag }) => tag === numbered(3, 'values'))
  const keyId = extensions && readExtensions(derOnly(extensions.content)).get(objectIds.subjectKeyId)
  return {
    subject: subject?.whole ?? Buffer.alloc(0),
    keyId: keyId && derContent(derOnly(keyId), derTag.octetString),
  }
}
