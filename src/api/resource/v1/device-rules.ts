import {
  invalidValue,
  invalidValues,
  notSupported,
  required,
  tooLong,
  tooMany,
} from '../../../machinery/field-errors.js'
import { cIdentifier, dns1123Subdomain, labelValue } from '../../../machinery/names.js'
import type { FieldPath } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { validateLabelKey } from '../../../machinery/validate-labels.js'
import type { DeviceConfiguration } from './device-configuration.js'
import type { DeviceSelector } from './device-selector.js'
import type { DeviceTaint, DeviceToleration } from './device-taint.js'

export const mostSelectors = 32
export const mostConfigurations = 32
const longestDriver = 63
const longestParameters = 10 * 1024
const longestExpression = 10 * 1024
const longestPool = 253
const longestDomain = 63
const longestIdentifier = 32

/** The name of a driver: a domain. */
export function validateDriverName(name: string, at: FieldPath): FieldError[] {
  if (!name) return [required(at)]
  return [
    ...(name.length > longestDriver ? [tooLong(at, longestDriver)] : []),
    ...invalidValues(at, name, dns1123Subdomain(name)),
  ]
}

/** The name of a pool: domains with slashes between them. */
export function validatePoolName(name: string, at: FieldPath): FieldError[] {
  if (!name) return [required(at)]
  return [
    ...(name.length > longestPool ? [tooLong(at, longestPool)] : []),
    ...name.split('/').flatMap(part => invalidValues(at, part, dns1123Subdomain(part))),
  ]
}

/** Which devices will do. Whether an expression compiles is not looked at here. */
export function validateSelectors(selectors: readonly DeviceSelector[] | undefined, at: FieldPath): FieldError[] {
  if (!selectors) return []
  const errors: FieldError[] = selectors.length > mostSelectors ? [tooMany(at, selectors.length, mostSelectors)] : []
  selectors.forEach(({ cel }, i) => {
    {
      const here = at.index(i).child('cel')
      if (!cel) errors.push(required(here))
      else if (cel.expression.length > longestExpression)
        errors.push(tooLong(here.child('expression'), longestExpression))
    }
  })
  return errors
}

/** Parameters for a driver, which alone understands them. */
export function validateConfiguration({ opaque }: DeviceConfiguration, at: FieldPath): FieldError[] {
  const here = at.child('opaque')
  if (!opaque) return [required(here)]
  const errors = validateDriverName(opaque.driver, here.child('driver'))
  const parameters = here.child('parameters')
  const value: unknown = opaque.parameters
  if (value === undefined || value === null) errors.push(required(parameters))
  else if (typeof value !== 'object' || Array.isArray(value))
    errors.push(invalidValue(parameters, '<value omitted>', 'error parsing data as JSON: must be a JSON object'))
  else if (JSON.stringify(value).length > longestParameters) errors.push(tooLong(parameters, longestParameters))
  return errors
}

/** `domain/name`, or for attributes of the driver's own domain the name alone. */
export function validateQualifiedIdentifier(name: string, at: FieldPath, fully = false): FieldError[] {
  if (!name) return [required(at)]
  const slash = name.indexOf('/')
  if (fully && slash < 0)
    return [invalidValue(at, name, 'a fully qualified name must be a domain and a name separated by a slash')]
  const domain = slash < 0 ? undefined : name.slice(0, slash)
  const identifier = name.slice(slash + 1)
  const errors: FieldError[] = []
  if (domain !== undefined) {
    if (!domain) errors.push(required(at, 'the domain must not be empty'))
    else if (domain.length > longestDomain) errors.push(tooLong(at, longestDomain))
    else errors.push(...invalidValues(at, domain, dns1123Subdomain(domain)))
  }
  if (!identifier) errors.push(required(at, 'the name must not be empty'))
  else if (identifier.length > longestIdentifier) errors.push(tooLong(at, longestIdentifier))
  else errors.push(...invalidValues(at, identifier, cIdentifier(identifier)))
  return errors
}

const effects = ['NoExecute', 'NoSchedule', 'None']

export const validateDeviceTaint = ({ key, value, effect }: DeviceTaint, at: FieldPath): FieldError[] => [
  ...validateLabelKey(key, at.child('key')),
  ...(value ? invalidValues(at.child('value'), value, labelValue(value)) : []),
  ...(effect
    ? effects.includes(effect)
      ? []
      : [notSupported(at.child('effect'), effect, effects)]
    : [required(at.child('effect'))]),
]

export function validateDeviceToleration(toleration: DeviceToleration, at: FieldPath): FieldError[] {
  const { key = '', operator = '', value = '', effect = '' } = toleration
  const errors = key ? validateLabelKey(key, at.child('key')) : []
  if (operator === 'Exists') {
    if (value) errors.push(invalidValue(at.child('value'), value, 'must be empty for operator `Exists`'))
  } else if (operator === 'Equal') {
    errors.push(...invalidValues(at.child('value'), value, labelValue(value)))
    if (!key) errors.push(required(at.child('key'), 'required for operator `Equal`'))
  } else
    errors.push(
      operator ? notSupported(at.child('operator'), operator, ['Equal', 'Exists']) : required(at.child('operator')),
    )
  if (effect && !effects.includes(effect)) errors.push(notSupported(at.child('effect'), effect, effects))
  return errors
}

/** Which of several fields are set, as messages list them: one must be, and one alone. */
export function exactlyOne(
  set: readonly string[],
  all: readonly string[],
  at: FieldPath,
  separator = ', ',
): FieldError[] {
  if (set.length === 1) return []
  const detail = `exactly one of ${all.map(name => `\`${name}\``).join(separator)} is required`
  if (set.length === 0) return [required(at, detail)]
  const shown = `{${set.map(name => `\`${name}\``).join(', ')}}`
  return [invalidValue(at, shown, `${detail}, but multiple fields are set`)]
}
