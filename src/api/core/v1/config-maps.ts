import { forbiddenField, invalidValue, invalidValues, tooLong, wholeObject } from '../../../machinery/field-errors.js'
import { jsonEqual } from '../../../machinery/json-equal.js'
import { configMapKey } from '../../../machinery/names.js'
import { root } from '../../../machinery/path.js'
import { type Resource, resource } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { ageColumn, nameColumn, textColumn } from '../../columns.js'
import { ConfigMap } from './config-map.js'

/** Bytes of all values of a ConfigMap or Secret together. */
export const maximumData = 1024 * 1024

export const configMaps: Resource<ConfigMap> = resource(ConfigMap, {
  shortNames: ['cm'],
  columns: [
    nameColumn,
    textColumn(
      'Data',
      ({ data, binaryData }) => Object.keys(data ?? {}).length + Object.keys(binaryData ?? {}).length,
      { field: 'data' },
    ),
    ageColumn,
  ],
  strategy: {
    metadataLooks: { asNew: 1 },
    validate,
    validateUpdate: (map, old) => [...validateImmutability(map, old, ['data', 'binaryData']), ...validate(map)],
  },
})

function validate({ data = {}, binaryData = {} }: ConfigMap): FieldError[] {
  const errors: FieldError[] = []
  let size = 0
  for (const [key, value] of Object.entries(data)) {
    const at = root.child('data').key(key)
    errors.push(...invalidValues(at, key, configMapKey(key)))
    if (Object.hasOwn(binaryData, key)) errors.push(invalidValue(at, key, 'duplicate of key present in binaryData'))
    size += Buffer.byteLength(value)
  }
  for (const [key, value] of Object.entries(binaryData)) {
    errors.push(...invalidValues(root.child('binaryData').key(key), key, configMapKey(key)))
    size += Buffer.byteLength(value, 'base64')
  }
  if (size > maximumData) errors.push(tooLong(wholeObject, maximumData))
  return errors
}

interface Sealable {
  readonly immutable?: boolean
}

/** Once `immutable` is set, neither it nor the data ever change: for ConfigMaps and Secrets. */
export function validateImmutability<T extends Sealable>(object: T, old: T, fields: readonly (keyof T & string)[]) {
  if (!old.immutable) return []
  const detail = 'field is immutable when `immutable` is set'
  return [
    ...(object.immutable ? [] : [forbiddenField('immutable', detail)]),
    ...fields
      .filter(field => !jsonEqual(object[field] ?? {}, old[field] ?? {}))
      .map(field => forbiddenField(field, detail)),
  ]
}
