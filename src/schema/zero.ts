import type { AnySchema, Field, MessageSchema, Scalar } from './types.js'
import { resolve } from './walk.js'

/** Messages of Kubernetes' own API, as against those of a plain proto3 service such as the CRI. */
export const isKubernetes = (message: MessageSchema): boolean => message.name.startsWith('k8s.io.')

/** What JSON shows for a scalar that is unset but must be there; null for what Go keeps behind a pointer or slice. */
export function zeroScalar(scalar: Scalar): unknown {
  switch (scalar.kind) {
    case 'string':
      return ''
    case 'boolean':
      return false
    case 'quantity':
      return '0'
    case 'duration':
      return '0s'
    case 'binary':
      return new Uint8Array(0)
    case 'bytes':
    case 'time':
    case 'microTime':
    case 'json':
    case 'rawExtension':
    case 'fieldsV1':
      return null
    default:
      return 0
  }
}

/** Whether an `optional` scalar is left out. */
export const isZeroScalar = (value: unknown): boolean => value === '' || value === 0 || value === false

/** How a field shows that has no value: not at all, as a fixed value, or as an object of its message with nothing set. */
export type Absent =
  | { readonly as: 'nothing' }
  | { readonly as: 'value'; readonly value: unknown }
  | { readonly as: 'emptyList' | 'emptyMap' }
  | { readonly as: 'object'; readonly message: MessageSchema }

/** What `Presence` promises of an unset field. Only plain proto3 messages turn a required list or map into an empty one. */
export function absent(owner: MessageSchema, name: string, field: Field<AnySchema>): Absent {
  if (field.presence === 'nullable' || (field.presence === 'required' && field.nullable))
    return { as: 'value', value: null }
  if (field.presence !== 'required' && field.presence !== 'embedded') return { as: 'nothing' }
  const schema = resolve(field.schema)
  switch (schema.kind) {
    case 'list':
      return isItems(owner, name) || !isKubernetes(owner) ? { as: 'emptyList' } : { as: 'value', value: null }
    case 'map':
      return isKubernetes(owner) ? { as: 'value', value: null } : { as: 'emptyMap' }
    case 'message':
      return schema.choice ? { as: 'value', value: null } : { as: 'object', message: schema }
    case 'bytes':
      return { as: 'value', value: isKubernetes(owner) ? null : '' }
    default:
      return { as: 'value', value: zeroScalar(schema) }
  }
}

/** The list of a list kind: always a list, since whoever reads it iterates. */
const isItems = (owner: MessageSchema, name: string): boolean => name === 'items' && owner.name.endsWith('List')
