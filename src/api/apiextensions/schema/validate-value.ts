import { invalidValue, notSupported, required, tooLong, tooMany, typeInvalid } from '../../../machinery/field-errors.js'
import { goFloat } from '../../../machinery/go-format.js'
import { jsonEqual } from '../../../machinery/json-equal.js'
import { compileRegex } from '../../../machinery/linear-regex.js'
import type { FieldError } from '../../../machinery/status-error.js'
import type { JSONSchemaProps } from '../v1/index.js'
import { oldItems } from './correlate.js'
import { formats } from './formats.js'
import { isJsonObject, type JsonObject, jsonSchemaType, ownField } from './json-types.js'
import { isIntOrString, itemsOf, valuesOf } from './structure.js'

/**
 * Checks a value against a schema. What has not changed since `old` is not looked at: an object that was fine once can be
 * updated although the schema became stricter. `old` is undefined where there is nothing to compare with.
 */
export type ValueCheck = (value: unknown, path: string, old?: unknown) => FieldError[]

type Check = (value: unknown, path: string, old: unknown) => FieldError[]

/** Compiles the rules of JSON schema that Kubernetes knows, in upstream's order and words. */
export function compileCheck(schema: JSONSchemaProps): ValueCheck {
  const checks = [
    typeCheck(schema),
    combinations(schema),
    stringCheck(schema),
    numberCheck(schema),
    listCheck(schema),
    enumCheck(schema),
    objectCheck(schema),
  ].filter(check => check !== undefined)
  const nullChecks = [typeCheck(schema), enumCheck(schema)].filter(check => check !== undefined)
  return (value, path, old) => {
    if (old !== undefined && jsonEqual(value, old)) return []
    const errors: FieldError[] = []
    for (const check of value === null ? nullChecks : checks) errors.push(...check(value, path, old))
    return errors
  }
}

/** An error that names its field in the words of the JSON schema validator. */
const inBody = (path: string, value: unknown, detail: string): FieldError =>
  invalidValue(path, value, `${path} in body ${detail}`)

/** Errors of which upstream does not know where they are. */
const nowhere = (detail: string): FieldError => invalidValue('', '', detail)

function typeCheck(schema: JSONSchemaProps): Check | undefined {
  const types = isIntOrString(schema) ? ['integer', 'string'] : schema.type ? [schema.type] : []
  if (types.length === 0) return undefined
  return (value, path) => {
    const type = jsonSchemaType(value)
    if (type === 'null' && schema.nullable) return []
    if (types.includes(type) || (type === 'integer' && types.includes('number'))) return []
    const detail = `${path} in body must be of type ${types.join(',')}: ${JSON.stringify(type)}`
    return [typeInvalid(path, type, detail)]
  }
}

function combinations({ allOf, anyOf, oneOf, not }: JSONSchemaProps): Check | undefined {
  if (!allOf?.length && !anyOf?.length && !oneOf?.length && !not) return undefined
  const [all, any, one] = [allOf, anyOf, oneOf].map(schemas => schemas?.map(compileCheck) ?? [])
  const none = not && compileCheck(not)
  return (value, path) => {
    const errors: FieldError[] = []
    const results = (checks: readonly ValueCheck[] = []) => checks.map(check => check(value, path))
    const ofAny = results(any)
    if (ofAny.length > 0 && ofAny.every(failures => failures.length > 0))
      errors.push(nowhere(`"${path}" must validate at least one schema (anyOf)`), ...fewest(ofAny))
    const ofOne = results(one)
    const valid = ofOne.filter(failures => failures.length === 0).length
    if (ofOne.length > 0 && valid !== 1) {
      const found = valid === 0 ? 'Found none valid' : `Found ${valid} valid alternatives`
      errors.push(nowhere(`"${path}" must validate one and only one schema (oneOf). ${found}`))
      if (valid === 0) errors.push(...fewest(ofOne))
    }
    const ofAll = results(all)
    const failed = ofAll.filter(failures => failures.length > 0)
    if (failed.length > 0)
      errors.push(
        nowhere(
          `"${path}" must validate all the schemas (allOf)${failed.length === ofAll.length ? '. None validated' : ''}`,
        ),
        ...failed.flat(),
      )
    if (none && none(value, path).length === 0) errors.push(nowhere(`"${path}" must not validate the schema (not)`))
    return errors
  }
}

const fewest = (results: readonly FieldError[][]): FieldError[] =>
  results.reduce((best, failures) => (failures.length < best.length ? failures : best))

const characters = (text: string): number => {
  let count = 0
  for (const _ of text) count++
  return count
}

/** The first rule that is broken is told. */
function stringCheck({ maxLength, minLength, pattern, format }: JSONSchemaProps): Check | undefined {
  const isFormat = format ? formats.get(format) : undefined
  if (maxLength === undefined && minLength === undefined && !pattern && !isFormat) return undefined
  const regex = pattern ? compileRegex(pattern) : undefined
  return (value, path) => {
    if (typeof value !== 'string') return []
    const errors: FieldError[] = []
    if (maxLength !== undefined && characters(value) > maxLength) errors.push(tooLong(path, maxLength))
    else if (minLength !== undefined && characters(value) < minLength)
      errors.push(inBody(path, value, `should be at least ${minLength} chars long`))
    else if (regex && !regex.test(value)) errors.push(inBody(path, value, `should match '${pattern}'`))
    if (isFormat && !isFormat(value))
      errors.push(typeInvalid(path, value, `${path} in body must be of type ${format}: ${JSON.stringify(value)}`))
    return errors
  }
}

const int32 = 2 ** 31

/** Whether a number can be of the type and format. */
function fitsFormat(value: number, type: string | undefined, format: string | undefined): string | undefined {
  if (type === 'integer') {
    const inRange = format !== 'int32' || (value >= -int32 && value < int32)
    if (Number.isInteger(value) && inRange && Math.abs(value) <= 2 ** 63) return undefined
    return `integer ${format === 'int32' || format === 'int64' ? `with format ${format}` : '(default format)'}`
  }
  if (type === 'number' && format === 'float' && Math.abs(value) > 3.4028234663852886e38)
    return 'number with format float'
  return undefined
}

function numberCheck(schema: JSONSchemaProps): Check | undefined {
  const { type, format, multipleOf, maximum, exclusiveMaximum, minimum, exclusiveMinimum } = schema
  const plain = multipleOf === undefined && maximum === undefined && minimum === undefined
  if (plain && type !== 'integer' && type !== 'number') return undefined
  return (given, path) => {
    const value = typeof given === 'bigint' ? Number(given) : given
    if (typeof value !== 'number') return []
    const errors: FieldError[] = []
    const misfit = fitsFormat(value, type, format)
    if (misfit) errors.push(nowhere(`Checked value must be of type ${misfit} in ${path}`))
    if (multipleOf !== undefined && !isMultiple(value, multipleOf))
      errors.push(inBody(path, given, `should be a multiple of ${goFloat(multipleOf)}`))
    if (maximum !== undefined && (exclusiveMaximum ? value >= maximum : value > maximum))
      errors.push(
        inBody(path, given, `should be less than ${exclusiveMaximum ? '' : 'or equal to '}${goFloat(maximum)}`),
      )
    if (minimum !== undefined && (exclusiveMinimum ? value <= minimum : value < minimum))
      errors.push(
        inBody(path, given, `should be greater than ${exclusiveMinimum ? '' : 'or equal to '}${goFloat(minimum)}`),
      )
    return errors
  }
}

function isMultiple(value: number, factor: number): boolean {
  if (factor === 0) return false
  return Number.isInteger(factor < 1 ? (1 / factor) * value : value / factor)
}

function enumCheck({ enum: allowed, nullable }: JSONSchemaProps): Check | undefined {
  if (!allowed?.length) return undefined
  const shown = allowed.map(value => (typeof value === 'string' ? value : JSON.stringify(value)))
  return (value, path) => {
    if (value === null && nullable) return []
    return allowed.some(one => jsonEqual(one, value)) ? [] : [notSupported(path, value, shown)]
  }
}

function listCheck(schema: JSONSchemaProps): Check | undefined {
  const { minItems, maxItems, uniqueItems } = schema
  const items = itemsOf(schema)
  if (!items && minItems === undefined && maxItems === undefined && !uniqueItems) return undefined
  const checkItem = items && compileCheck(items)
  const before = oldItems(schema)
  return (value, path, old) => {
    if (!Array.isArray(value)) return []
    const errors: FieldError[] = []
    const counterpart = before(value, old)
    if (checkItem)
      for (const [i, item] of value.entries()) errors.push(...checkItem(item, `${path}[${i}]`, counterpart(item, i)))
    if (minItems !== undefined && value.length < minItems)
      errors.push(inBody(path, value.length, `should have at least ${minItems} items`))
    if (maxItems !== undefined && value.length > maxItems) errors.push(tooMany(path, value.length, maxItems))
    if (uniqueItems && value.some((item, i) => value.slice(0, i).some(other => jsonEqual(item, other))))
      errors.push(inBody(path, value, "shouldn't contain duplicates"))
    return errors
  }
}

function objectCheck(schema: JSONSchemaProps): Check | undefined {
  const { minProperties, maxProperties, required: names = [], properties = {} } = schema
  const fields = Object.entries(properties).map(([name, property]) => [name, compileCheck(property)] as const)
  const values = valuesOf(schema)
  const checkValue = values && compileCheck(values)
  const bounded = minProperties !== undefined || maxProperties !== undefined
  if (!bounded && names.length === 0 && fields.length === 0 && !checkValue) return undefined
  return (value, path, old) => {
    if (!isJsonObject(value)) return []
    const count = Object.keys(value).length
    if (minProperties !== undefined && count < minProperties)
      return [inBody(path, minProperties, `should have at least ${minProperties} properties`)]
    if (maxProperties !== undefined && count > maxProperties) return [tooMany(path, count, maxProperties)]
    const before: JsonObject = isJsonObject(old) ? old : {}
    const at = (name: string): string => (path === '' ? name : `${path}.${name}`)
    const errors: FieldError[] = []
    for (const name of names) if (ownField(value, name) === undefined) errors.push(required(at(name)))
    for (const [name, check] of fields) {
      const field = ownField(value, name)
      if (field !== undefined) errors.push(...check(field, at(name), ownField(before, name)))
    }
    if (checkValue)
      for (const [name, item] of Object.entries(value))
        if (!Object.hasOwn(properties, name)) errors.push(...checkValue(item, at(name), ownField(before, name)))
    return errors
  }
}
