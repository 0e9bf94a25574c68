import { createHash } from 'node:crypto'
import * as names from '../../machinery/names.js'
import { decodeProtobuf, encodeProtobuf } from '../../schema/index.js'
import { dekSource, EncryptedObject } from './kms-messages.js'

const maxKeyIdBytes = 1024
const maxSourceBytes = 1024
const maxAnnotationBytes = 32 * 1024

/** The bytes of an object that a plugin's key protects. Throws if it cannot be one. */
export function encodeEnvelope(object: EncryptedObject): Uint8Array {
  checkEnvelope(object)
  return encodeProtobuf(EncryptedObject, object)
}

/** Throws if the bytes are none. */
export function decodeEnvelope(bytes: Uint8Array): EncryptedObject {
  const object = decodeProtobuf(EncryptedObject, bytes)
  checkEnvelope(object)
  return object
}

function checkEnvelope(object: EncryptedObject): void {
  const { encryptedDekSourceType: type = 0, encryptedData } = object
  if (type !== dekSource.aesGcmKey && type !== dekSource.derivedAesGcmSeed)
    throw new Error(`unknown encryptedDEKSourceType: ${type}`)
  if (!encryptedData?.length) throw new Error('encrypted data is empty')
  checkSource(object)
}

/** What a plugin made of a key: throws if it cannot be stored beside the objects that the key encrypts. */
export function checkSource({ encryptedDekSource, keyId, annotations = {} }: EncryptedObject): void {
  const size = encryptedDekSource?.length ?? 0
  const tooLarge = `encrypted DEK source is ${size} bytes, which exceeds the max size of ${maxSourceBytes}`
  if (size === 0) throw new Error('failed to validate encrypted DEK source: encrypted DEK source is empty')
  if (size > maxSourceBytes) throw new Error(`failed to validate encrypted DEK source: ${tooLarge}`)
  const wrongId = keyIdFault(keyId)
  if (wrongId) throw new Error(`failed to validate key id: ${wrongId.message}`)
  const faults = Object.keys(annotations).flatMap(name =>
    name.includes('.')
      ? names.dns1123Subdomain(name)
      : ['should be a domain with at least two segments separated by dots'],
  )
  let bytes = 0
  for (const [name, value] of Object.entries(annotations)) bytes += Buffer.byteLength(name) + value.length
  if (bytes > maxAnnotationBytes)
    faults.push(`total size of annotations is ${bytes}, which exceeds the max size of ${maxAnnotationBytes}`)
  if (faults.length > 0) throw new Error(`failed to validate annotations: ${faults.join(', ')}`)
}

/** Why a plugin's key cannot have this id; undefined if it can. */
export function keyIdFault(keyId = ''): { readonly code: 'empty' | 'too_long'; readonly message: string } | undefined {
  const size = Buffer.byteLength(keyId)
  if (size === 0) return { code: 'empty', message: 'keyID is empty' }
  if (size <= maxKeyIdBytes) return undefined
  return { code: 'too_long', message: `keyID is ${size} bytes, which exceeds the max size of ${maxKeyIdBytes}` }
}

/** Ids of keys are not shown, only their hashes. */
export const hashed = (text: string): string =>
  text === '' ? '' : `sha256:${createHash('sha256').update(text).digest('hex')}`
