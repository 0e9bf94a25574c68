import { randomBytes } from 'node:crypto'

/** Letters and digits of generated names: no vowels, no characters easily mistaken for another. */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789'
const suffixLength = 5
/** A generated name, suffix included, stays within a DNS label. */
const maximumBase = 63 - suffixLength

let pool: Buffer = Buffer.alloc(0)
let position = 0

/** `base` with five random characters behind it, as `metadata.generateName` asks for. */
export function nameSuffix(base: string): string {
  let suffix = ''
  for (let i = 0; i < suffixLength; ) {
    if (position >= pool.length) {
      pool = randomBytes(1024)
      position = 0
    }
    const byte = pool[position++] ?? 0
    // 27 letters: bytes past the last full round would favour some of them.
    if (byte >= 243) continue
    suffix += alphabet[byte % alphabet.length]
    i++
  }
  return base.slice(0, maximumBase) + suffix
}
