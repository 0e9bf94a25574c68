import { messageOf } from '../../machinery/message-of.js'

/** What was stored, as it was given to be stored. */
export interface Plain {
  readonly bytes: Uint8Array
  /** It would be stored otherwise today, so that it should be written again. */
  readonly stale: boolean
}

/** Gives values another form while they are stored. `key` is the storage key: it is authenticated with the value. */
export interface Transformer {
  /** Throws (or rejects) if the bytes were not made by this transformer for this very key. */
  fromStorage(stored: Uint8Array, key: string): Plain | Promise<Plain>
  /** Throws if nothing can be encrypted at the moment. */
  toStorage(plain: Uint8Array, key: string): Uint8Array
}

/** A transformer of values that begin with `prefix`, which is taken off before it sees them. */
export interface PrefixedTransformer {
  readonly prefix: string
  readonly transformer: Transformer
}

/** Is told of every transformation: which, by whom, how long it took, and why it failed if it did. */
export type ObserveTransformation = (
  type: 'from_storage' | 'to_storage',
  prefix: string,
  seconds: number,
  error?: unknown,
) => void

/** All values that are encrypted begin so. */
const encryptedMark = Buffer.from('k8s:enc:')

export const isEncrypted = (stored: Uint8Array): boolean => beginsWith(stored, encryptedMark)

function beginsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  if (bytes.length < prefix.length) return false
  for (let i = 0; i < prefix.length; i++) if (bytes[i] !== prefix[i]) return false
  return true
}

/**
 * Writes with the first of several transformers and reads with whichever has the value's prefix. What another than the
 * first can read is stale. Transformers may share a prefix: the one that can make out the value reads it. `unmatched`
 * is the error for values that none has the prefix of.
 */
export function prefixed(
  transformers: readonly [PrefixedTransformer, ...PrefixedTransformer[]],
  unmatched: string,
  observe: ObserveTransformation = () => {},
): Transformer {
  const known = transformers.map(({ prefix, transformer }) => ({
    name: prefix || 'identity',
    prefix: Buffer.from(prefix),
    transformer,
  }))
  const writer = known[0] as (typeof known)[number]
  const measure = (type: Parameters<ObserveTransformation>[0], name: string) => {
    const begun = performance.now()
    return (error?: unknown) => observe(type, name, (performance.now() - begun) / 1000, error)
  }

  /** Tries the transformers from the one at `from` on; `errors` are those of the ones before. */
  const read = (stored: Uint8Array, key: string, from: number, errors: unknown[]): Plain | Promise<Plain> => {
    for (let i = from; i < known.length; i++) {
      const { name, prefix, transformer } = known[i] as (typeof known)[number]
      if (!beginsWith(stored, prefix)) continue
      const done = measure('from_storage', name)
      const succeed = ({ bytes, stale }: Plain): Plain => {
        done()
        return { bytes, stale: stale || i > 0 }
      }
      const fail = (error: unknown): void => {
        done(error)
        // That what is not encrypted cannot be encrypted data is no news as long as somebody else may read it.
        if (prefix.length > 0) errors.push(error)
      }
      try {
        const plain = transformer.fromStorage(prefix.length > 0 ? stored.subarray(prefix.length) : stored, key)
        if (!(plain instanceof Promise)) return succeed(plain)
        return plain.then(succeed, error => {
          fail(error)
          return read(stored, key, i + 1, errors)
        })
      } catch (error) {
        fail(error)
      }
    }
    if (errors.length === 0) {
      const error = new Error(unmatched)
      observe('from_storage', 'unknown', 0, error)
      throw error
    }
    throw errors.length === 1 ? errors[0] : new Error(`[${errors.map(messageOf).join(', ')}]`)
  }

  return {
    fromStorage: (stored, key) => read(stored, key, 0, []),
    toStorage(plain, key) {
      const { name, prefix, transformer } = writer
      const done = measure('to_storage', name)
      try {
        const stored = transformer.toStorage(plain, key)
        done()
        return prefix.length > 0 ? Buffer.concat([prefix, stored]) : stored
      } catch (error) {
        done(error)
        throw error
      }
    },
  }
}
