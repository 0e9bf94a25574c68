import { invalidValue } from '../../../machinery/field-errors.js'
import type { FieldPath } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'

const hasBackstep = (path: string): boolean => path.includes('..') && path.split('/').includes('..')

/** A path that never leads upwards. */
export const validateNoBacksteps = (path: string, at: FieldPath): FieldError[] =>
  hasBackstep(path) ? [invalidValue(at, path, "must not contain '..'")] : []

/** A relative path that stays below where it starts. */
export const validateDescendingPath = (path: string, at: FieldPath): FieldError[] => [
  ...(path.startsWith('/') ? [invalidValue(at, path, 'must be a relative path')] : []),
  ...validateNoBacksteps(path, at),
]

/** The same, for files in a volume that keeps names with two leading dots for itself. */
export const validateContainedPath = (path: string, at: FieldPath): FieldError[] => [
  ...validateDescendingPath(path, at),
  ...(path.startsWith('..') && !path.startsWith('../') ? [invalidValue(at, path, "must not start with '..'")] : []),
]

export const validateAbsolutePath = (path: string, at: FieldPath): FieldError[] =>
  path.startsWith('/') ? [] : [invalidValue(at, path, 'must be an absolute path')]
