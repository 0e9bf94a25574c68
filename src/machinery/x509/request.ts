import { createPublicKey, type KeyObject } from 'node:crypto'
import {
  bitString,
  type DerValue,
  der,
  derOnly,
  derTag,
  derWithin,
  numbered,
  objectId,
  readBytes,
  readNamedBits,
  readObjectId,
  sequence,
} from './der.js'
import { extension, readExtensions } from './extensions.js'
import {
  type AlternativeNames,
  encodeAlternativeNames,
  encodeName,
  type Name,
  readAlternativeNames,
  readName,
} from './names.js'
import { objectIds } from './object-ids.js'
import { pemOf } from './pem.js'
import { isSigned, signerWith } from './signatures.js'
import { type Usage, usagesOf } from './usages.js'

/** What a PKCS#10 request asks for: https://www.rfc-editor.org/rfc/rfc2986. */
export interface CertificateRequest {
  readonly subject: Required<Name>
  /** The subject as it was written, to be signed unchanged. */
  readonly rawSubject: Buffer
  readonly publicKey: KeyObject
  readonly names: Required<AlternativeNames>
  readonly usages: readonly Usage[]
}

const attributesTag = numbered(0, 'values')

/** Writes and signs a PKCS#10 request for `key`; resolves to its PEM. */
export const createCertificateRequest = async (
  subject: Name,
  key: KeyObject,
  names: AlternativeNames = {},
): Promise<string> => {
  const alternative = encodeAlternativeNames(names)
  const extensions = alternative && sequence(extension(objectIds.alternativeNames, false, alternative))
  const unsigned = sequence(
    der(derTag.integer, Buffer.from([0])),
    encodeName(subject),
    createPublicKey(key).export({ type: 'spki', format: 'der' }),
    der(
      attributesTag,
      ...(extensions ? [sequence(objectId(objectIds.extensionRequest), der(derTag.set, extensions))] : []),
    ),
  )
  const signer = signerWith(key)
  return pemOf('CERTIFICATE REQUEST', sequence(unsigned, signer.algorithm, bitString(await signer.sign(unsigned))))
}

const block = /-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----([\s\S]*?)-----END (?:NEW )?CERTIFICATE REQUEST-----/

/** Reads a request (PEM). Rejects if it is none, or if it was not signed by the key it names. */
export const readCertificateRequest = async (pem: string): Promise<CertificateRequest> => {
  const base64 = block.exec(pem)?.[1]
  if (!base64) throw new Error('not a certificate request: PEM block type must be CERTIFICATE REQUEST')
  const [info, algorithm, signature] = derWithin(derOnly(Buffer.from(base64, 'base64')), derTag.sequence)
  const [, subject, key, attributes] = derWithin(info, derTag.sequence)
  if (!info || !subject || key?.tag !== derTag.sequence) throw new Error('it has no subject or no key')
  const publicKey = createPublicKey({ key: key.whole, format: 'der', type: 'spki' })
  if (!isSigned(algorithm, info.whole, publicKey, readBytes(signature)))
    throw new Error('the certificate request is not signed by its own key')
  const extensions = requestedExtensions(attributes)
  const of = (id: string) => extensions?.get(id)
  const [bits, types, names] = [of(objectIds.keyUsage), of(objectIds.extendedUsage), of(objectIds.alternativeNames)]
  return {
    subject: readName(subject),
    rawSubject: subject.whole,
    publicKey,
    names: names ? readAlternativeNames(names) : { dns: [], addresses: [], emails: [], uris: [] },
    usages: usagesOf(
      bits ? readNamedBits(derOnly(bits)) : 0,
      types ? derWithin(derOnly(types), derTag.sequence).map(readObjectId) : [],
    ),
  }
}

function requestedExtensions(attributes: DerValue | undefined): ReadonlyMap<string, Buffer> | undefined {
  if (!attributes) return undefined
  for (const attribute of derWithin(attributes, attributesTag)) {
    const [type, values] = derWithin(attribute, derTag.sequence)
    if (readObjectId(type) === objectIds.extensionRequest) return readExtensions(derWithin(values, derTag.set)[0])
  }
  return undefined
}
