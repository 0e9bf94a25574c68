import { createPublicKey, type KeyObject, webcrypto } from 'node:crypto'
import type { ExtendedKeyUsageExtension, KeyUsagesExtension, SubjectAlternativeNameExtension } from '@peculiar/x509'
import { signingAlgorithm, signingKey, verifyingKey } from './keys.js'
import { loadLibrary } from './library.js'
import { type AlternativeNames, alternativeNames, generalNames, type Name, nameAttributes } from './names.js'
import { type Usage, usagesOf } from './usages.js'

const KEY_USAGE = '2.5.29.15'
const ALTERNATIVE_NAMES = '2.5.29.17'
const EXTENDED_USAGE = '2.5.29.37'

/** What a PKCS#10 request asks for. */
export interface CertificateRequest {
  readonly subject: Required<Name>
  /** The subject as it was written, to be signed unchanged. */
  readonly rawSubject: Buffer
  readonly publicKey: KeyObject
  readonly names: Required<AlternativeNames>
  readonly usages: readonly Usage[]
}

/** Writes and signs a PKCS#10 request for `key`; resolves to its PEM. */
export const createCertificateRequest = async (
  subject: Name,
  key: KeyObject,
  names: AlternativeNames = {},
): Promise<string> => {
  const x509 = loadLibrary()
  const alternative = generalNames(names)
  const request = await x509.Pkcs10CertificateRequestGenerator.create(
    {
      name: new x509.Name(nameAttributes(subject)),
      keys: { privateKey: await signingKey(key), publicKey: await verifyingKey(key) },
      signingAlgorithm: signingAlgorithm(key),
      extensions: alternative.length > 0 ? [new x509.SubjectAlternativeNameExtension(alternative)] : [],
    },
    webcrypto,
  )
  return `${request.toString('pem').trimEnd()}\n`
}

/** A request that the key it names has not signed, or with an algorithm that proves nothing. */
export class InvalidSignature extends Error {
  constructor(
    readonly keyType: string,
    readonly insecure: boolean,
  ) {
    super('the certificate request is not signed by its own key')
  }
}

const block = /-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----([\s\S]*?)-----END (?:NEW )?CERTIFICATE REQUEST-----/

/** Reads a request (PEM). Rejects if it is none, or, with `InvalidSignature`, if the key it names has not signed it. */
export const readCertificateRequest = async (pem: string): Promise<CertificateRequest> => {
  const base64 = block.exec(pem)?.[1]
  if (!base64) throw new Error('not a certificate request: PEM block type must be CERTIFICATE REQUEST')
  const x509 = loadLibrary()
  const request = new x509.Pkcs10CertificateRequest(Buffer.from(base64, 'base64'))
  // SHA-1 proves nothing any more.
  const insecure = request.signatureAlgorithm.hash?.name === 'SHA-1'
  const publicKey = createPublicKey({ key: Buffer.from(request.publicKey.rawData), format: 'der', type: 'spki' })
  if (insecure || !(await request.verify(webcrypto)))
    throw new InvalidSignature(publicKey.asymmetricKeyType ?? '', insecure)
  const keyUsage = request.getExtension(KEY_USAGE) as KeyUsagesExtension | null
  const extendedUsage = request.getExtension(EXTENDED_USAGE) as ExtendedKeyUsageExtension | null
  const names = request.getExtension(ALTERNATIVE_NAMES) as SubjectAlternativeNameExtension | null
  const { subjectName } = request
  return {
    subject: { commonName: subjectName.getField('CN').at(-1) ?? '', organizations: subjectName.getField('O') },
    rawSubject: Buffer.from(subjectName.toArrayBuffer()),
    publicKey,
    names: alternativeNames(names?.names.items ?? []),
    usages: usagesOf(keyUsage?.usages ?? 0, extendedUsage?.usages.map(String) ?? []),
  }
}
