import { duplicate, forbiddenField, invalidValue, invalidValues, required } from '../../../machinery/field-errors.js'
import { qualifiedName } from '../../../machinery/names.js'
import { type FieldPath, root } from '../../../machinery/path.js'
import { compareQuantities, quantityToNumber } from '../../../machinery/quantity.js'
import { type Resource, resource } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import type { Draft } from '../../../schema/index.js'
import { LimitRange, type LimitRangeItem } from './limit-range.js'
import { mayOvercommit, validateContainerResourceName, validateResourceName } from './resource-quantities.js'

export const limitRanges: Resource<LimitRange> = resource(LimitRange, {
  shortNames: ['limits'],
  storagePrefix: 'limitranges',
  defaults: ({ spec }) => spec.limits?.forEach(defaultItem),
  strategy: {
    createOnUpdate: true,
    validate,
    validateUpdate: validate,
    metadataLooks: { asChanged: 0, asNew: 1 },
  },
})

/** Bounds of containers fill in for the defaults that are left out. */
function defaultItem(item: Draft<LimitRangeItem>): void {
  if (item.type !== 'Container') return
  const limits = { ...item.max, ...item.default }
  const requests = { ...item.min, ...limits, ...item.defaultRequest }
  if (Object.keys(limits).length > 0) item.default = limits
  if (Object.keys(requests).length > 0) item.defaultRequest = requests
}

const types = new Set(['Pod', 'Container', 'PersistentVolumeClaim'])

function validate({ spec }: LimitRange): FieldError[] {
  const seen = new Set<string>()
  return (spec.limits ?? []).flatMap((item, i) => {
    const at = root.child('spec', 'limits').index(i)
    const errors = validateType(item.type, at.child('type'))
    if (seen.has(item.type)) errors.push(duplicate(at.child('type'), item.type))
    seen.add(item.type)
    return [...errors, ...validateItem(item, at)]
  })
}

function validateType(type: string, at: FieldPath): FieldError[] {
  const errors = invalidValues(at, type, qualifiedName(type))
  if (errors.length > 0 || type.includes('/') || types.has(type)) return errors
  return [invalidValue(at, type, 'must be a standard limit type or fully qualified')]
}

const bounds = ['max', 'min', 'default', 'defaultRequest'] as const

function validateItem(item: LimitRangeItem, at: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  const validateName =
    item.type === 'Pod' || item.type === 'Container' ? validateContainerResourceName : validateResourceName
  const names = new Set<string>()
  const validateNames = (bound: (typeof bounds)[number] | 'maxLimitRequestRatio'): void => {
    for (const name of Object.keys(item[bound] ?? {}).sort()) {
      errors.push(...validateName(name, at.child(bound).key(name)))
      names.add(name)
    }
  }
  for (const bound of bounds) {
    if (item.type === 'Pod' && (bound === 'default' || bound === 'defaultRequest')) {
      if (Object.keys(item[bound] ?? {}).length > 0)
        errors.push(forbiddenField(at.child(bound), "may not be specified when `type` is 'Pod'"))
      continue
    }
    validateNames(bound)
  }
  if (item.type === 'PersistentVolumeClaim' && !item.min?.['storage'] && !item.max?.['storage'])
    errors.push(
      required(at.child('limits'), 'either minimum or maximum storage value is required, but neither was provided'),
    )
  validateNames('maxLimitRequestRatio')
  for (const name of names) errors.push(...validateBounds(item, name, at))
  return errors
}

/** Whether the bounds of one resource agree with each other. */
function validateBounds(item: LimitRangeItem, name: string, at: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  const min = item.min?.[name]
  const max = item.max?.[name]
  const limit = item.type === 'Pod' ? undefined : item.default?.[name]
  const request = item.type === 'Pod' ? undefined : item.defaultRequest?.[name]
  const ratio = item.maxLimitRequestRatio?.[name]
  const exceeds = (a: string | undefined, b: string | undefined): boolean =>
    a !== undefined && b !== undefined && compareQuantities(a, b) > 0
  const report = (field: string, value: string | undefined, detail: string): void => {
    errors.push(invalidValue(at.child(field).key(name), value, detail))
  }
  if (exceeds(min, max)) report('min', min, `min value ${min} is greater than max value ${max}`)
  if (exceeds(min, request))
    report('defaultRequest', request, `min value ${min} is greater than default request value ${request}`)
  if (exceeds(request, max))
    report('defaultRequest', request, `default request value ${request} is greater than max value ${max}`)
  if (exceeds(request, limit))
    report('defaultRequest', request, `default request value ${request} is greater than default limit value ${limit}`)
  if (exceeds(min, limit)) report('default', min, `min value ${min} is greater than default value ${limit}`)
  if (exceeds(limit, max)) report('default', max, `default value ${limit} is greater than max value ${max}`)
  if (ratio !== undefined) {
    if (compareQuantities(ratio, '1') < 0) report('maxLimitRequestRatio', ratio, `ratio ${ratio} is less than 1`)
    const highest = min !== undefined && max !== undefined ? quantityToNumber(max) / quantityToNumber(min) : undefined
    if (highest !== undefined && quantityToNumber(ratio) > highest)
      report('maxLimitRequestRatio', ratio, `ratio ${ratio} is greater than max/min = ${highest.toFixed(6)}`)
  }
  if (!mayOvercommit(name) && limit && request && compareQuantities(limit, request) !== 0)
    report('defaultRequest', request, `default value ${limit} must equal to defaultRequest value ${request} in ${name}`)
  return errors
}
