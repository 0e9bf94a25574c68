export { aesCbc, aesGcm, derivedAesGcm, seedBytes } from './aes.js'
export { type EncryptedStore, encryptedStore, type TransformerOf } from './encrypted-store.js'
export { identity } from './identity.js'
export { secretbox } from './secretbox.js'
export {
  isEncrypted,
  type ObserveTransformation,
  type Plain,
  type PrefixedTransformer,
  prefixed,
  type Transformer,
} from './transformer.js'
