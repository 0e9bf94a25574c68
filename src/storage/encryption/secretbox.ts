import { randomBytes } from 'node:crypto'
import { xsalsa20poly1305 } from '@noble/ciphers/salsa'
import type { Transformer } from './transformer.js'

const nonceBytes = 24
const tagBytes = 16

/** XSalsa20 and Poly1305 with a random nonce, as NaCl's secretbox: `nonce (24 bytes) | tag (16) | ciphertext`. */
export const secretbox = (key: Uint8Array): Transformer => ({
  fromStorage(stored) {
    if (stored.length < nonceBytes + tagBytes) throw new Error('the stored data was shorter than the required size')
    try {
      const bytes = xsalsa20poly1305(key, stored.subarray(0, nonceBytes)).decrypt(stored.subarray(nonceBytes))
      return { bytes, stale: false }
    } catch {
      throw new Error('output array was not large enough for encryption')
    }
  },
  toStorage(plain) {
    const nonce = randomBytes(nonceBytes)
    return Buffer.concat([nonce, xsalsa20poly1305(key, nonce).encrypt(plain)])
  },
})
