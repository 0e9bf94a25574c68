import { invalidValue, invalidValues, required, tooLong } from '../../../machinery/field-errors.js'
import { jsonTypeName } from '../../../machinery/go-format.js'
import { configMapKey } from '../../../machinery/names.js'
import { root } from '../../../machinery/path.js'
import { type Resource, resource } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { JsonSyntaxError, parseJson } from '../../../schema/index.js'
import { ageColumn, nameColumn, textColumn } from '../../columns.js'
import { unchanged } from '../../field-rules.js'
import { maximumData, validateImmutability } from './config-maps.js'
import { keyPairFault } from './key-pair-warnings.js'
import { Secret } from './secret.js'

export const secrets: Resource<Secret> = resource(Secret, {
  columns: [
    nameColumn,
    textColumn('Type', ({ type }) => type ?? '', { field: 'type' }),
    textColumn('Data', ({ data }) => Object.keys(data ?? {}).length, { field: 'data' }),
    ageColumn,
  ],
  selectableFields: { type: ({ type }) => type ?? '' },
  defaults(draft) {
    draft.type ||= 'Opaque'
    if (!draft.stringData) return
    draft.data = { ...draft.data }
    for (const [key, value] of Object.entries(draft.stringData)) draft.data[key] = Buffer.from(value).toString('base64')
    delete draft.stringData
  },
  strategy: {
    metadataLooks: { asNew: 1 },
    validate,
    validateUpdate: (secret, old) => [
      ...unchanged(secret.type, old.type, root.child('type')),
      ...validateImmutability(secret, old, ['data']),
      ...validate(secret),
    ],
    warnings({ type, data = {} }) {
      const [certificate, key] = ['tls.crt', 'tls.key'].map(name => Buffer.from(data[name] ?? '', 'base64').toString())
      const fault = type === 'kubernetes.io/tls' ? keyPairFault(certificate ?? '', key ?? '') : undefined
      return fault === undefined ? [] : [fault]
    },
  },
})

const at = root.child('data')

/** Keys that a type needs: https://kubernetes.io/docs/concepts/configuration/secret/#secret-types */
const requiredKeys: { readonly [type: string]: readonly string[] } = {
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
}

function validate({ metadata, data = {}, type = '' }: Secret): FieldError[] {
  const errors: FieldError[] = []
  let size = 0
  for (const [key, value] of Object.entries(data)) {
    errors.push(...invalidValues(at.key(key), key, configMapKey(key)))
    size += Buffer.byteLength(value, 'base64')
  }
  if (size > maximumData) errors.push(tooLong(at, maximumData))
  const account = 'kubernetes.io/service-account.name'
  if (type === 'kubernetes.io/service-account-token' && !metadata.annotations?.[account])
    errors.push(required(root.child('metadata', 'annotations').key(account)))
  // One of the two is enough, and an empty one counts.
  if (type === 'kubernetes.io/basic-auth' && !Object.hasOwn(data, 'username') && !Object.hasOwn(data, 'password'))
    errors.push(required(at.key('username')), required(at.key('password')))
  if (type === 'kubernetes.io/ssh-auth' && !data['ssh-privatekey']) errors.push(required(at.key('ssh-privatekey')))
  for (const key of requiredKeys[type] ?? []) if (!Object.hasOwn(data, key)) errors.push(required(at.key(key)))
  const json = type.startsWith('kubernetes.io/dockerc') ? requiredKeys[type]?.[0] : undefined
  const value = json === undefined ? undefined : data[json]
  if (json !== undefined && value !== undefined) {
    const fault = jsonFault(value)
    if (fault) errors.push(invalidValue(at.key(json), '<secret contents redacted>', fault))
  }
  return errors
}

function jsonFault(base64: string): string | undefined {
  try {
    const type = jsonTypeName(parseJson(Buffer.from(base64, 'base64').toString()))
    return type === 'object' || type === 'null'
      ? undefined
      : `json: cannot unmarshal ${type} into Go value of type map[string]interface {}`
  } catch (error) {
    if (error instanceof JsonSyntaxError) return error.message
    throw error
  }
}
