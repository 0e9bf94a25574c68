import { compileRules, rulesPlaceholder } from '../../api/apiextensions/schema/rules.js'
import { compileEmbeddedCheck, compileListCheck } from '../../api/apiextensions/schema/validate-lists.js'
import { compileCheck } from '../../api/apiextensions/schema/validate-value.js'
import type { CustomResourceDefinitionVersion, JSONSchemaProps } from '../../api/apiextensions/v1/index.js'
import type { ApiObject } from '../../machinery/object.js'
import type { FieldError } from '../../machinery/status-error.js'
import { scaleErrors } from './custom-scale.js'

/** Reasons of errors after which rules could meet values they are not made for. */
const blocking = new Set([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
])

export type CustomCheck = (object: ApiObject, old?: ApiObject) => FieldError[]

/** All rules of a version's schema, compiled: types and values, lists, embedded objects, replicas, expressions. */
export function customValidation(version: CustomResourceDefinitionVersion, schema: JSONSchemaProps): CustomCheck {
  // Metadata has rules of its own, which are those of every object.
  const { metadata: _, ...properties } = schema.properties ?? {}
  const values = compileCheck({ ...schema, properties })
  const embedded = compileEmbeddedCheck({ ...schema, properties })
  const lists = compileListCheck({ ...schema, properties })
  const rules = compileRules(schema)
  return (object, old) => {
    const errors = values(object, '', old)
    if (embedded) errors.push(...embedded(object, ''))
    errors.push(...scaleErrors(object, version.subresources?.scale))
    if (lists) {
      // Duplicates that were there before are not this write's doing.
      const before = old ? new Set(lists(old, '').map(({ field, message }) => `${field} ${message}`)) : undefined
      errors.push(...lists(object, '').filter(({ field, message }) => !before?.has(`${field} ${message}`)))
    }
    if (!rules) return errors
    return errors.some(({ reason }) => blocking.has(reason))
      ? [...errors, rulesPlaceholder]
      : [...errors, ...rules(object, old)]
  }
}
