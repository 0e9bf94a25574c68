import { forbiddenField, invalidValue, invalidValues, required, tooLong } from './field-errors.js'
import type { LabelSelectorObject, Labels } from './labels.js'
import { annotationKey, labelValue, qualifiedName } from './names.js'
import type { FieldPath } from './path.js'
import type { FieldError } from './status-error.js'

/** All annotations of an object together: 256 KiB of keys and values. */
export const annotationsLimit = 256 * 1024

/** The key of a label. */
export const validateLabelKey = (key: string, path: FieldPath): FieldError[] =>
  invalidValues(path, key, qualifiedName(key))

/** Keys and values of labels. */
export function validateLabels(labels: Labels | undefined | null, path: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  if (!labels) return errors
  for (const key in labels) {
    errors.push(...validateLabelKey(key, path))
    const value = labels[key] ?? ''
    for (const message of labelValue(value)) errors.push(invalidValue(path, value, message))
  }
  return errors
}

/** Keys and total size of annotations. */
export function validateAnnotations(annotations: Labels | undefined | null, path: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  if (!annotations) return errors
  let size = 0
  for (const key in annotations) {
    errors.push(...invalidValues(path, key, annotationKey(key)))
    size += Buffer.byteLength(key) + Buffer.byteLength(annotations[key] ?? '')
  }
  if (size > annotationsLimit) errors.push(tooLong(path, annotationsLimit))
  return errors
}

export interface LabelSelectorRules {
  /** Objects that were stored before values were checked may keep them. */
  readonly allowInvalidValues?: boolean
}

/** A `LabelSelector` object; an absent one is fine. */
export function validateLabelSelector(
  selector: LabelSelectorObject | undefined | null,
  path: FieldPath,
  rules: LabelSelectorRules = {},
): FieldError[] {
  if (!selector) return []
  const errors = validateLabels(selector.matchLabels, path.child('matchLabels'))
  selector.matchExpressions?.forEach(({ key, operator, values = [] }, index) => {
    const at = path.child('matchExpressions').index(index)
    if (operator === 'In' || operator === 'NotIn') {
      if (!values.length) {
        errors.push(required(at.child('values'), "must be specified when `operator` is 'In' or 'NotIn'"))
      }
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      if (values.length) {
        errors.push(
          forbiddenField(at.child('values'), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
        )
      }
    } else errors.push(invalidValue(at.child('operator'), operator, 'not a valid selector operator'))
    errors.push(...validateLabelKey(key, at.child('key')))
    if (rules.allowInvalidValues) return
    values.forEach((value, position) => {
      errors.push(...invalidValues(at.child('values').index(position), value, labelValue(value)))
    })
  })
  return errors
}
