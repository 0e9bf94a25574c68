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

/**
 * Makes what `Presence` promises of an unset field; undefined if it promises nothing. `emptyOf` gives the maker of a
 * message with nothing set. Only plain proto3 messages turn a required list or map into an empty one.
 */
export function absentMaker(
  owner: MessageSchema,
  name: string,
  field: Field<AnySchema>,
  emptyOf: (message: MessageSchema) => () => unknown,
): (() => unknown) | undefined {
  if (field.presence === 'nullable' || (field.presence === 'required' && field.nullable)) return makeNull
  if (field.presence !== 'required' && field.presence !== 'embedded') return undefined
  const schema = resolve(field.schema)
  switch (schema.kind) {
    case 'list':
      return isItems(owner, name) || !isKubernetes(owner) ? () => [] : makeNull
    case 'map':
      return isKubernetes(owner) ? makeNull : () => ({})
    case 'message':
      return schema.choice ? makeNull : emptyOf(schema)
    case 'bytes':
      return isKubernetes(owner) ? makeNull : () => ''
    default: {
      const zero = zeroScalar(schema)
      return () => zero
    }
  }
}

const makeNull = () => null

/** The list of a list kind: always a list, since whoever reads it iterates. */
const isItems = (owner: MessageSchema, name: string): boolean => name === 'items' && owner.name.endsWith('List')
