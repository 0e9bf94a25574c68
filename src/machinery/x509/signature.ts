import { type KeyObject, sign, verify } from 'node:crypto'
import { nullValue, oid, sequence } from './der.js'

interface SignatureAlgorithm {
  /** The AlgorithmIdentifier that stands beside the signature. */
  readonly identifier: Buffer
  readonly hash: 'sha256' | 'sha384' | 'sha512' | null
}

const ecdsa = (type: string, hash: SignatureAlgorithm['hash']): SignatureAlgorithm => ({
  identifier: sequence(oid(type)),
  hash,
})

/** How `key` signs certificates. Throws on kinds of keys that TLS has no use for. */
const algorithmOf = (key: KeyObject): SignatureAlgorithm => {
  const type = key.asymmetricKeyType
  const curve = key.asymmetricKeyDetails?.namedCurve
  if (type === 'rsa') return { identifier: sequence(oid('1.2.840.113549.1.1.11'), nullValue()), hash: 'sha256' }
  if (type === 'ed25519') return { identifier: sequence(oid('1.3.101.112')), hash: null }
  if (type === 'ec' && curve === 'prime256v1') return ecdsa('1.2.840.10045.4.3.2', 'sha256')
  if (type === 'ec' && curve === 'secp384r1') return ecdsa('1.2.840.10045.4.3.3', 'sha384')
  if (type === 'ec' && curve === 'secp521r1') return ecdsa('1.2.840.10045.4.3.4', 'sha512')
  throw new Error(`cannot sign certificates with a key of type ${type}${curve ? ` on curve ${curve}` : ''}`)
}

/** The AlgorithmIdentifier of signatures made with `key`. */
export const signatureIdentifier = (key: KeyObject): Buffer => algorithmOf(key).identifier

export const signBytes = (bytes: Buffer, key: KeyObject): Buffer => sign(algorithmOf(key).hash, bytes, key)

const HASHES: { readonly [identifier: string]: string | null } = {
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
  '1.3.101.112': null,
}

/** Whether `signature` over `bytes` was made by `key` with the algorithm named by its object identifier. */
export const verifyBytes = (algorithm: string, bytes: Buffer, signature: Buffer, key: KeyObject): boolean => {
  const hash = HASHES[algorithm]
  return hash !== undefined && verify(hash, bytes, key, signature)
}
