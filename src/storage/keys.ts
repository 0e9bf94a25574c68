/** Longest key a store takes, in bytes of UTF-8. Kubernetes' longest is below 700. */
const maxKeyBytes = 1024

/** Throws RangeError unless every driver can keep `key`: not empty, not too long, and expressible in UTF-8. */
export function checkKey(key: string): void {
  if (key === '') throw new RangeError('a key must not be empty')
  checkText(key)
}

/** Whether there can be an entry of this key. */
export const isKey = (key: string): boolean => key !== '' && isShort(key) && !loneSurrogate.test(key)

/** Throws RangeError if a range of keys is asked for that cannot be. */
export function checkRange(prefix: string, after: string | undefined, limit: number | undefined): void {
  checkText(prefix)
  if (after !== undefined) {
    checkText(after)
    if (!after.startsWith(prefix)) throw new RangeError(`the key to start after, ${after}, is not below ${prefix}`)
  }
  if (limit !== undefined && !(Number.isSafeInteger(limit) && limit >= 0)) {
    throw new RangeError(`a limit must be a whole number of entries, not ${limit}`)
  }
}

/** Throws RangeError if `revision` could never be one. */
export function checkRevision(revision: number): void {
  if (!(Number.isSafeInteger(revision) && revision >= 0)) throw new RangeError(`${revision} is not a revision`)
}

/** Throws RangeError if an entry cannot live for so long. */
export function checkTtl(ttlSeconds: number | undefined): void {
  if (ttlSeconds !== undefined && !(Number.isFinite(ttlSeconds) && ttlSeconds > 0)) {
    throw new RangeError(`an entry cannot live for ${ttlSeconds} seconds`)
  }
}

const loneSurrogate = /\p{Surrogate}/u

const isShort = (text: string): boolean => text.length * 3 <= maxKeyBytes || Buffer.byteLength(text) <= maxKeyBytes

// A lone surrogate has no UTF-8; it would silently become another key.
function checkText(text: string): void {
  if (loneSurrogate.test(text)) throw new RangeError(`${JSON.stringify(text)} cannot be written as UTF-8`)
  if (!isShort(text)) throw new RangeError(`no key is longer than ${maxKeyBytes} bytes: ${text.slice(0, 64)}...`)
}

/** Negative, zero or positive as `a` sorts before, with or after `b` by their bytes of UTF-8. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return byteRank(x) - byteRank(y)
  }
  return a.length - b.length
}

// JavaScript compares UTF-16 units, where surrogates (characters beyond U+FFFF, four bytes of UTF-8) come before
// U+E000 to U+FFFF (three bytes). In UTF-8 they come after.
const byteRank = (unit: number): number => (unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800)
