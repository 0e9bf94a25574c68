import { constants, type KeyObject, sign, verify } from 'node:crypto'
import { promisify } from 'node:util'
import { type DerValue, der, derTag, derWithin, numbered, objectId, readObjectId, sequence } from './der.js'

/** A way to sign, by the object identifier certificates name it by. */
interface Algorithm {
  readonly id: string
  readonly keyType: string
  /** Undefined where the way to sign says it. */
  readonly hash?: string
  /** Keys on other curves are signed with in another way. */
  readonly curve?: string
}

const algorithms: readonly Algorithm[] = [
  { id: '1.2.840.10045.4.3.2', keyType: 'ec', hash: 'sha256', curve: 'prime256v1' },
  { id: '1.2.840.10045.4.3.3', keyType: 'ec', hash: 'sha384', curve: 'secp384r1' },
  { id: '1.2.840.10045.4.3.4', keyType: 'ec', hash: 'sha512', curve: 'secp521r1' },
  { id: '1.2.840.113549.1.1.11', keyType: 'rsa', hash: 'sha256' },
  { id: '1.2.840.113549.1.1.12', keyType: 'rsa', hash: 'sha384' },
  { id: '1.2.840.113549.1.1.13', keyType: 'rsa', hash: 'sha512' },
  { id: '1.3.101.112', keyType: 'ed25519' },
]

/** RSA with another padding, whose hash is a parameter. */
const pss = '1.2.840.113549.1.1.10'
const hashes: { readonly [id: string]: string } = {
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
}

const signLater = promisify(sign)

/** How a key signs, as certificates say it, and what does it. Throws on kinds of keys that TLS has no use for. */
export function signerWith(key: KeyObject): {
  readonly algorithm: Buffer
  readonly sign: (bytes: Buffer) => Promise<Buffer>
} {
  const keyType = key.asymmetricKeyType
  const curve = key.asymmetricKeyDetails?.namedCurve
  const found = algorithms.find(known => known.keyType === keyType && (!known.curve || known.curve === curve))
  if (!found)
    throw new Error(`cannot sign certificates with a key of type ${keyType}${curve ? ` on curve ${curve}` : ''}`)
  const parameters = keyType === 'rsa' ? [der(derTag.null)] : []
  return {
    algorithm: sequence(objectId(found.id), ...parameters),
    sign: bytes => signLater(found.hash, bytes, key),
  }
}

/** Whether bytes were signed by a key in the way that is named. SHA-1 proves nothing any more: false, as for what is unknown. */
export function isSigned(algorithm: DerValue | undefined, bytes: Buffer, key: KeyObject, signature: Buffer): boolean {
  const [type, parameters] = derWithin(algorithm, derTag.sequence)
  const id = readObjectId(type)
  const { asymmetricKeyType } = key
  if (id === pss) {
    const hash = pssHash(parameters)
    if (!hash || (asymmetricKeyType !== 'rsa' && asymmetricKeyType !== 'rsa-pss')) return false
    return verify(hash, bytes, { key, padding: constants.RSA_PKCS1_PSS_PADDING }, signature)
  }
  const known = algorithms.find(algorithm => algorithm.id === id)
  return known?.keyType === asymmetricKeyType && verify(known?.hash, bytes, key, signature)
}

/** Undefined for SHA-1, which is meant where nothing is said. */
function pssHash(parameters: DerValue | undefined): string | undefined {
  const [first] = derWithin(parameters, derTag.sequence)
  if (first?.tag !== numbered(0, 'values')) return undefined
  const [algorithm] = derWithin(first, first.tag)
  return hashes[readObjectId(derWithin(algorithm, derTag.sequence)[0])]
}
