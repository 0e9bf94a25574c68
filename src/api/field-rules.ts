import { immutable, invalidValue, invalidValues, notSupported, required } from '../machinery/field-errors.js'
import { type IntOrString, percentOf } from '../machinery/int-or-string.js'
import { jsonEqual } from '../machinery/json-equal.js'
import {
  dns1123Label,
  dns1123Subdomain,
  notNegative,
  outOfRange,
  percentText,
  portName,
  portNumber,
} from '../machinery/names.js'
import type { FieldPath } from '../machinery/path.js'
import { compareQuantities } from '../machinery/quantity.js'
import type { FieldError } from '../machinery/status-error.js'

/** Rules that many kinds share. Each returns the errors of one field, none if it is fine; what is absent is fine. */

export const nonNegative = (value: number | undefined, at: FieldPath): FieldError[] =>
  value !== undefined && value < 0 ? [invalidValue(at, value, notNegative)] : []

export const inRange = (value: number | undefined, low: number, high: number, at: FieldPath): FieldError[] =>
  value !== undefined && (value < low || value > high) ? [invalidValue(at, value, outOfRange(low, high))] : []

/** One of the texts; `''` counts as a value like any other. */
export const oneOf = (value: string | undefined, supported: readonly string[], at: FieldPath): FieldError[] =>
  value === undefined || supported.includes(value) ? [] : [notSupported(at, value, supported)]

/** One of the texts, and not left out. */
export const requiredOneOf = (
  value: string | undefined,
  supported: readonly string[],
  at: FieldPath,
  detail = '',
): FieldError[] => (value ? oneOf(value, supported, at) : [required(at, detail)])

export const requiredText = (value: string | undefined, at: FieldPath, detail = ''): FieldError[] =>
  value ? [] : [required(at, detail)]

export const unchanged = (value: unknown, old: unknown, at: FieldPath, detail = immutable): FieldError[] =>
  jsonEqual(value ?? null, old ?? null) ? [] : [invalidValue(at, value, detail)]

export const labelName = (value: string, at: FieldPath): FieldError[] => invalidValues(at, value, dns1123Label(value))

export const subdomainName = (value: string, at: FieldPath): FieldError[] =>
  invalidValues(at, value, dns1123Subdomain(value))

/** The port of a container by its number or its name. */
export const portReference = (value: IntOrString, at: FieldPath): FieldError[] =>
  invalidValues(at, value, typeof value === 'number' ? portNumber(value) : portName(value))

/** A count that is not negative, or a percentage. */
export const countOrPercent = (value: IntOrString | undefined, at: FieldPath): FieldError[] => {
  if (value === undefined) return []
  return typeof value === 'number' ? nonNegative(value, at) : invalidValues(at, value, percentText(value))
}

export const atMostAll = (value: IntOrString | undefined, at: FieldPath): FieldError[] =>
  value !== undefined && (percentOf(value) ?? 0) > 100 ? [invalidValue(at, value, 'must not be greater than 100%')] : []

/** Nothing: 0 or `0%`. */
export const isNone = (value: IntOrString | undefined): boolean =>
  value === undefined || value === 0 || (typeof value === 'string' && !percentOf(value))

export const nonNegativeQuantity = (value: string, at: FieldPath): FieldError[] =>
  compareQuantities(value, '0') < 0 ? [invalidValue(at, value, notNegative)] : []

export const positiveQuantity = (value: string, at: FieldPath): FieldError[] =>
  compareQuantities(value, '0') <= 0 ? [invalidValue(at, value, 'must be greater than zero')] : []
