import {
  duplicate,
  invalidValue,
  invalidValues,
  notSupported,
  required,
  tooLong,
} from '../../../machinery/field-errors.js'
import { cIdentifier, dns1123Subdomain, labelValue } from '../../../machinery/names.js'
import type { FieldPath } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { validateLabelKey } from '../../../machinery/validate-labels.js'
import { validateCsiDriverName } from '../../core/v1/validate-volume-plugins.js'
import { validateItems } from '../../list-rules.js'
import type { DeviceConfiguration } from './device-configuration.js'
import { validateDeviceExpression } from './device-expressions.js'
import type { DeviceSelector } from './device-selector.js'
import type { DeviceTaint, DeviceToleration } from './device-taint.js'

const mostSelectors = 32
export const mostConfigurations = 32
const longestParameters = 10 * 1024
const longestExpression = 10 * 1024
const longestPool = 253
const longestIdentifier = 32

/** The name of a pool: domains with slashes between them. */
export function validatePoolName(name: string, at: FieldPath): FieldError[] {
  if (!name) return [required(at)]
  return [
    ...(name.length > longestPool ? [tooLong(at, longestPool)] : []),
    ...name.split('/').flatMap(part => invalidValues(at, part, dns1123Subdomain(part))),
  ]
}

/** Which devices will do. */
export const validateSelectors = (selectors: readonly DeviceSelector[] | undefined, at: FieldPath): FieldError[] =>
  validateItems(selectors, mostSelectors, at, ({ cel }, item) => {
    const here = item.child('cel')
    if (!cel) return [required(here)]
    const expression = here.child('expression')
    return Buffer.byteLength(cel.expression) > longestExpression
      ? [tooLong(expression, longestExpression)]
      : validateDeviceExpression(cel.expression, expression)
  })

/** Parameters for a driver, which alone understands them. */
export function validateConfiguration({ opaque }: DeviceConfiguration, at: FieldPath): FieldError[] {
  const here = at.child('opaque')
  if (!opaque) return [required(here)]
  return [
    ...validateCsiDriverName(opaque.driver, here.child('driver')),
    ...validateParameters(opaque.parameters, here.child('parameters')),
  ]
}

/** An object whose fields only its driver understands. */
export function validateParameters(value: unknown, at: FieldPath, longest = longestParameters): FieldError[] {
  if (value === undefined || value === null) return [required(at)]
  if (Buffer.byteLength(JSON.stringify(value)) > longest) return [tooLong(at, longest)]
  return typeof value !== 'object' || Array.isArray(value)
    ? [invalidValue(at, '<value omitted>', 'must be a valid JSON object')]
    : []
}

/** `domain/name`, or for attributes of the driver's own domain the name alone. */
export function validateQualifiedIdentifier(name: string, at: FieldPath): FieldError[] {
  const parts = name.split('/')
  const [domain = '', identifier] = parts
  if (identifier === undefined) return validateIdentifier(domain, at)
  if (parts.length > 2) return []
  return [
    ...(domain ? validateCsiDriverName(domain, at) : [invalidValue(at, '', 'the domain must not be empty')]),
    ...(identifier ? validateIdentifier(identifier, at) : [invalidValue(at, '', 'the name must not be empty')]),
  ]
}

/** The same with a domain in any case. */
export const validateFullIdentifier = (name: string, at: FieldPath): FieldError[] => [
  ...validateQualifiedIdentifier(name, at),
  ...(name.includes('/')
    ? []
    : [invalidValue(at, name, 'a fully qualified name must be a domain and a name separated by a slash')]),
]

const validateIdentifier = (name: string, at: FieldPath): FieldError[] => [
  ...(name.length > longestIdentifier ? [tooLong(at, longestIdentifier)] : []),
  ...invalidValues(at, name, cIdentifier(name)),
]

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

const mostBindings = 4

interface Bindings {
  readonly bindingConditions?: readonly string[]
  readonly bindingFailureConditions?: readonly string[]
}

/** Conditions that a binding waits for, and those that end it. */
export function validateBindings(
  { bindingConditions: hopes = [], bindingFailureConditions: fears = [] }: Bindings,
  at: FieldPath,
): FieldError[] {
  const hope = at.child('bindingConditions')
  const fear = at.child('bindingFailureConditions')
  const again = (list: readonly string[], here: FieldPath) => (name: string, i: number) =>
    list.indexOf(name) < i ? [duplicate(here.index(i), name)] : []
  return [
    ...validateItems(hopes, mostBindings, hope, validateLabelKey),
    ...validateItems(fears, mostBindings, fear, validateLabelKey),
    ...hopes.flatMap(again(hopes, hope)),
    ...fears.flatMap((name, i) => [
      ...again(fears, fear)(name, i),
      ...(hopes.includes(name)
        ? [invalidValue(fear.index(i), name, 'bindingFailureConditions must not overlap with bindingConditions')]
        : []),
    ]),
    ...(hopes.length === 0 && fears.length > 0
      ? [invalidValue(hope, null, 'bindingConditions are required to use bindingFailureConditions')]
      : []),
    ...(fears.length === 0 && hopes.length > 0
      ? [invalidValue(fear, null, 'bindingFailureConditions are required to use bindingConditions')]
      : []),
  ]
}
