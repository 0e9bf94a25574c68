import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import type { Transformer } from './transformer.js'

const nonceBytes = 12
const tagBytes = 16
const blockBytes = 16
/** Bytes that tell the keys apart which are derived from one seed. */
const infoBytes = 32

export const seedBytes = 32

const tooShort = () => new Error('the stored data was shorter than the required size')

function seal(key: Uint8Array, plain: Uint8Array, authenticated: string): Buffer {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv(gcmOf(key), key, nonce)
  cipher.setAAD(Buffer.from(authenticated))
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

function open(key: Uint8Array, stored: Uint8Array, authenticated: string): Buffer {
  if (stored.length < nonceBytes) throw tooShort()
  const end = stored.length - tagBytes
  if (end < nonceBytes) throw forged()
  const decipher = createDecipheriv(gcmOf(key), key, stored.subarray(0, nonceBytes), { authTagLength: tagBytes })
  decipher.setAAD(Buffer.from(authenticated))
  decipher.setAuthTag(stored.subarray(end))
  const plain = decipher.update(stored.subarray(nonceBytes, end))
  try {
    return Buffer.concat([plain, decipher.final()])
  } catch {
    throw forged()
  }
}

const forged = () => new Error('cipher: message authentication failed')

const gcmOf = (key: Uint8Array) => `aes-${key.length * 8}-gcm` as 'aes-256-gcm'

/** AES-GCM with a random nonce: `nonce (12 bytes) | ciphertext | tag (16)`. The key has 16, 24 or 32 bytes. */
export const aesGcm = (key: Uint8Array): Transformer => ({
  fromStorage: (stored, path) => ({ bytes: open(key, stored, path), stale: false }),
  toStorage: (plain, path) => seal(key, plain, path),
})

/** AES-CBC with a random IV and PKCS #7 padding: `IV (16 bytes) | ciphertext`. Nothing is authenticated. */
export const aesCbc = (key: Uint8Array): Transformer => {
  const name = `aes-${key.length * 8}-cbc`
  return {
    fromStorage(stored) {
      if (stored.length < blockBytes) throw tooShort()
      const body = stored.subarray(blockBytes)
      if (body.length % blockBytes !== 0) throw new Error('the stored data is not a multiple of the block size')
      if (body.length === 0) throw new Error('invalid PKCS7 data (empty or not padded)')
      const decipher = createDecipheriv(name, key, stored.subarray(0, blockBytes))
      const plain = decipher.update(body)
      try {
        return { bytes: Buffer.concat([plain, decipher.final()]), stale: false }
      } catch {
        throw new Error('invalid padding on input')
      }
    },
    toStorage(plain) {
      const iv = randomBytes(blockBytes)
      const cipher = createCipheriv(name, key, iv)
      return Buffer.concat([iv, cipher.update(plain), cipher.final()])
    },
  }
}

/**
 * AES-256-GCM with a key of its own for every value, derived from a seed by the second half of HKDF (SHA-256):
 * `info (32 bytes) | nonce (12) | ciphertext | tag (16)`. So one seed may encrypt any number of values.
 */
export const derivedAesGcm = (seed: Uint8Array): Transformer => {
  if (seed.length < seedBytes) throw new Error(`invalid seed length ${seed.length} used for key generation`)
  return {
    fromStorage(stored, path) {
      if (stored.length < infoBytes) throw tooShort()
      const key = derivedKey(seed, stored.subarray(0, infoBytes))
      return { bytes: open(key, stored.subarray(infoBytes), path), stale: false }
    },
    toStorage(plain, path) {
      const info = randomBytes(infoBytes)
      return Buffer.concat([info, seal(derivedKey(seed, info), plain, path)])
    },
  }
}

/** The first block of HKDF-Expand, of RFC 5869: as long as the key. */
const derivedKey = (seed: Uint8Array, info: Uint8Array): Buffer =>
  createHmac('sha256', seed).update(info).update(firstBlock).digest()

const firstBlock = Buffer.of(1)
