import type { JSONSchemaProps } from '../v1/index.js'
import { isJsonObject, ownField, setField } from './json-types.js'
import { isForbiddenNull, itemsOf, valuesOf } from './structure.js'

/** Fills in defaults, in place. True if anything changed. */
export type ApplyDefaults = (value: unknown) => boolean

/** Compiles the defaults of a schema; undefined if it has none. */
export function compileDefaults(schema: JSONSchemaProps): ApplyDefaults | undefined {
  const fields = Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const inside = compileDefaults(property)
    return inside || property.default !== undefined ? [{ name, property, inside }] : []
  })
  const values = valuesOf(schema)
  const insideValues = values && compileDefaults(values)
  const valueDefault = values?.default
  const items = itemsOf(schema)
  const insideItems = items && compileDefaults(items)
  const itemDefault = items?.default
  const forItems = insideItems || itemDefault !== undefined
  const forValues = insideValues || valueDefault !== undefined
  if (fields.length === 0 && !forItems && !forValues) return undefined
  const known = new Set(Object.keys(schema.properties ?? {}))
  return value => {
    let changed = false
    if (Array.isArray(value)) {
      if (!forItems) return false
      for (let i = 0; i < value.length; i++) {
        if (itemDefault !== undefined && isForbiddenNull(value[i], items)) {
          value[i] = structuredClone(itemDefault)
          changed = true
        }
        if (insideItems?.(value[i])) changed = true
      }
    } else if (isJsonObject(value)) {
      for (const { name, property, inside } of fields) {
        const held = ownField(value, name)
        if (property.default !== undefined && (held === undefined || isForbiddenNull(held, property))) {
          setField(value, name, structuredClone(property.default))
          changed = true
        }
        if (inside?.(ownField(value, name))) changed = true
      }
      if (forValues)
        for (const name of Object.keys(value)) {
          if (known.has(name)) continue
          if (valueDefault !== undefined && isForbiddenNull(value[name], values)) {
            setField(value, name, structuredClone(valueDefault))
            changed = true
          }
          if (insideValues?.(value[name])) changed = true
        }
    }
    return changed
  }
}
