import { type KeyObject, randomBytes, webcrypto, type X509Certificate } from 'node:crypto'
import type { Extension } from '@peculiar/x509'
import { signingAlgorithm, signingKey } from './keys.js'
import { loadLibrary } from './library.js'
import { type AlternativeNames, generalNames, type Name, nameAttributes } from './names.js'
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

const SUBJECT_KEY_ID = '2.5.29.14'

const serialNumber = (): string => {
  const bytes = randomBytes(16)
  // Positive, and never zero.
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return bytes.toString('hex')
}

// Certificates know no fractions of a second.
const wholeSeconds = (ms: number): Date => new Date(Math.floor(ms / 1000) * 1000)

/** Signs a certificate; resolves to its PEM. */
export const createCertificate = async (template: CertificateTemplate, issuer: Issuer): Promise<string> => {
  const x509 = loadLibrary()
  const { usages, names = {}, authority = false } = template
  const publicKey = template.publicKey.export({ type: 'spki', format: 'der' })
  const signer = issuer.certificate && new x509.X509Certificate(issuer.certificate.raw)
  const subject = new x509.Name(Buffer.isBuffer(template.subject) ? template.subject : nameAttributes(template.subject))
  const bits = keyUsageBits(usages)
  const types = extendedUsages(usages)
  const alternative = generalNames(names)
  const subjectKey = await x509.SubjectKeyIdentifierExtension.create(publicKey, false, webcrypto)
  const authorityKeyId = signer ? signer.getExtension<typeof subjectKey>(SUBJECT_KEY_ID)?.keyId : subjectKey.keyId
  const extensions: Extension[] = [
    ...(bits ? [new x509.KeyUsagesExtension(bits, true)] : []),
    ...(types.length > 0 ? [new x509.ExtendedKeyUsageExtension(types)] : []),
    new x509.BasicConstraintsExtension(authority, undefined, true),
    subjectKey,
    ...(authorityKeyId ? [new x509.AuthorityKeyIdentifierExtension(authorityKeyId)] : []),
    ...(alternative.length > 0 ? [new x509.SubjectAlternativeNameExtension(alternative)] : []),
  ]
  const certificate = await x509.X509CertificateGenerator.create(
    {
      serialNumber: serialNumber(),
      subject,
      issuer: signer ? signer.subjectName : subject,
      notBefore: wholeSeconds(template.notBefore),
      notAfter: wholeSeconds(template.notAfter),
      publicKey,
      extensions,
      signingKey: await signingKey(issuer.key),
      signingAlgorithm: signingAlgorithm(issuer.key),
    },
    webcrypto,
  )
  return `${certificate.toString('pem').trimEnd()}\n`
}
