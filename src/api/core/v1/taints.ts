import { duplicate, invalidValue, notSupported, required, Shown } from '../../../machinery/field-errors.js'
import { goJson } from '../../../machinery/go-format.js'
import { labelValue } from '../../../machinery/names.js'
import type { FieldPath } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { validateLabelKey } from '../../../machinery/validate-labels.js'
import type { Taint } from './node.js'

const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']

/** The effect of a taint, or of a toleration. */
export const validateTaintEffect = (effect: string, at: FieldPath): FieldError[] => {
  if (!effect) return [required(at)]
  return effects.includes(effect) ? [] : [notSupported(at, effect, effects)]
}

/** https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/ */
export function validateTaints(taints: readonly Taint[] | undefined, at: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  const seen = new Set<string>()
  taints?.forEach((taint, i) => {
    {
      const here = at.index(i)
      const { key, value = '', effect } = taint
      errors.push(...validateLabelKey(key, here.child('key')))
      const valueErrors = labelValue(value)
      if (valueErrors.length > 0) errors.push(invalidValue(here.child('value'), value, valueErrors.join(';')))
      errors.push(...validateTaintEffect(effect, here.child('effect')))
      const pair = `${effect} ${key}`
      if (effect && seen.has(pair))
        errors.push(duplicate(here, new Shown(goTaint(taint)), 'taints must be unique by key and effect pair'))
      seen.add(pair)
    }
  })
  return errors
}

const goTaint = ({ key, value = '', effect, timeAdded }: Taint): string =>
  goJson({ Key: key, Value: value, Effect: effect, TimeAdded: timeAdded ?? null })
