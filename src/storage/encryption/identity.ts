import { isEncrypted, type Transformer } from './transformer.js'

/** Leaves values as they are. Throws for values that are encrypted: they are for another transformer. */
export const identity: Transformer = {
  fromStorage(stored) {
    if (isEncrypted(stored)) throw new Error('identity transformer tried to read encrypted data')
    return { bytes: stored, stale: false }
  },
  toStorage: plain => plain,
}
