import { binary, type Infer, int32, map, message, optional, string } from '../../schema/index.js'

/** The messages of the API of KMS plugins, version 2. */
export const StatusRequest = message('v2.StatusRequest', {})
export const StatusResponse = message('v2.StatusResponse', {
  version: optional(1, string),
  healthz: optional(2, string),
  keyId: optional(3, string),
})
export const EncryptRequest = message('v2.EncryptRequest', { plaintext: optional(1, binary), uid: optional(2, string) })
export const EncryptResponse = message('v2.EncryptResponse', {
  ciphertext: optional(1, binary),
  keyId: optional(2, string),
  annotations: optional(3, map(binary)),
})
export const DecryptRequest = message('v2.DecryptRequest', {
  ciphertext: optional(1, binary),
  uid: optional(2, string),
  keyId: optional(3, string),
  annotations: optional(4, map(binary)),
})
export const DecryptResponse = message('v2.DecryptResponse', { plaintext: optional(1, binary) })

/** What is stored of an object: itself, encrypted, and what the plugin made of the key it is encrypted with. */
export const EncryptedObject = message('v2.EncryptedObject', {
  encryptedData: optional(1, binary),
  keyId: optional(2, string),
  encryptedDekSource: optional(3, binary),
  annotations: optional(4, map(binary)),
  encryptedDekSourceType: optional(5, int32),
})
export interface EncryptedObject extends Infer<typeof EncryptedObject> {}

/** What `encryptedDekSource` is: the key itself, or a seed from which a key is derived for every object. */
export const dekSource = { aesGcmKey: 0, derivedAesGcmSeed: 1 } as const
