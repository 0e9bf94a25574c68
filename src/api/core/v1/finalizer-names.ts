import { invalidValue, invalidValues } from '../../../machinery/field-errors.js'
import { qualifiedName } from '../../../machinery/names.js'
import type { FieldPath } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'

const standard = new Set(['kubernetes', 'orphan', 'foregroundDeletion'])

/** A finalizer is one that Kubernetes knows or has a domain before its name. */
export function validateFinalizerName(name: string, at: FieldPath): FieldError[] {
  const errors = invalidValues(at, name, qualifiedName(name))
  if (errors.length > 0) return errors
  return name.includes('/') || standard.has(name)
    ? []
    : [invalidValue(at, name, 'name is neither a standard finalizer name nor is it fully qualified')]
}
