import { invalidValue, required, sortedMap } from '../machinery/field-errors.js'
import { type LabelSelectorObject, type Selector, SelectorError, selectorFromObject } from '../machinery/labels.js'
import type { FieldPath } from '../machinery/path.js'
import type { FieldError } from '../machinery/status-error.js'
import { validateLabelSelector } from '../machinery/validate-labels.js'

type Given = LabelSelectorObject | undefined | null

/** A selector as messages show it: labels sorted. */
export const shownSelector = (selector: Given): unknown =>
  selector?.matchLabels
    ? {
        matchLabels: sortedMap(selector.matchLabels),
        ...(selector.matchExpressions ? { matchExpressions: selector.matchExpressions } : {}),
      }
    : selector

export const isEmptySelector = (selector: Given): boolean =>
  !Object.keys(selector?.matchLabels ?? {}).length && !selector?.matchExpressions?.length

/** The selector ready for use; undefined if it makes no sense. */
export function usableSelector(selector: Given): Selector | undefined {
  try {
    return selectorFromObject(selector)
  } catch (error) {
    if (error instanceof SelectorError) return undefined
    throw error
  }
}

/** The selector of a workload: there, valid and not empty. `owner` is how messages call the workload. */
export function validateWorkloadSelector(
  selector: Given,
  owner: string,
  at: FieldPath,
  invalid = 'invalid label selector',
): { readonly errors: FieldError[]; readonly usable: Selector | undefined } {
  const errors = selector ? validateLabelSelector(selector, at) : [required(at)]
  if (selector && isEmptySelector(selector))
    errors.push(invalidValue(at, shownSelector(selector), `empty selector is invalid for ${owner}`))
  const usable = usableSelector(selector)
  if (!usable) errors.push(invalidValue(at, shownSelector(selector), invalid))
  return { errors, usable }
}
