import { forbiddenField, invalidValue } from '../../../machinery/field-errors.js'
import { root } from '../../../machinery/path.js'
import { type Resource, resource } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { ageColumn, booleanColumn, nameColumn, numberColumn, textColumn } from '../../columns.js'
import { oneOf } from '../../field-rules.js'
import { PriorityClass } from './priority-class.js'

/** Priorities above are the system's. */
const highestPriority = 1_000_000_000

/** The system's own classes, which cannot be made otherwise. */
const systemClasses: { readonly [name: string]: { readonly value: number; readonly description: string } } = {
  'system-node-critical': {
    value: 2_000_001_000,
    description: 'Used for system critical pods that must not be moved from their current node.',
  },
  'system-cluster-critical': {
    value: 2_000_000_000,
    description:
      'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
  },
}

export const priorityClasses: Resource<PriorityClass> = resource(PriorityClass, {
  shortNames: ['pc'],
  columns: [
    nameColumn,
    numberColumn('Value', ({ value }) => value, { field: 'value' }),
    booleanColumn('Global-Default', ({ globalDefault }) => globalDefault ?? false, { field: 'globalDefault' }),
    ageColumn,
    textColumn('PreemptionPolicy', ({ preemptionPolicy }) => preemptionPolicy ?? '', { field: 'preemptionPolicy' }),
  ],
  defaults(draft) {
    draft.preemptionPolicy ??= 'PreemptLowerPriority'
  },
  strategy: {
    generation: true,
    whyKept: name =>
      Object.hasOwn(systemClasses, name) ? 'this is a system priority class and cannot be deleted' : undefined,
    validate,
    validateUpdate(now, old) {
      const errors: FieldError[] = []
      if (now.value !== old.value) errors.push(forbiddenField(root.child('value'), 'may not be changed in an update.'))
      if (now.preemptionPolicy !== old.preemptionPolicy)
        errors.push(invalidValue(root.child('preemptionPolicy'), now.preemptionPolicy, 'field is immutable'))
      return errors
    },
  },
})

function validate({ metadata: { name = '' }, value, preemptionPolicy, globalDefault }: PriorityClass): FieldError[] {
  const errors: FieldError[] = []
  if (name.startsWith('system-')) {
    const known = systemClasses[name]
    const why =
      known === undefined
        ? `${name} is not a known system priority class`
        : known.value !== value
          ? `value of ${name} PriorityClass must be ${known.value}`
          : globalDefault
            ? `globalDefault of ${name} PriorityClass must be false`
            : undefined
    if (why)
      errors.push(
        forbiddenField(
          root.child('metadata', 'name'),
          `priority class names with 'system-' prefix are reserved for system use only. error: ${why}`,
        ),
      )
  } else if (value > highestPriority)
    errors.push(
      forbiddenField(root.child('value'), `maximum allowed value of a user defined priority is ${highestPriority}`),
    )
  return [...errors, ...oneOf(preemptionPolicy, ['PreemptLowerPriority', 'Never'], root.child('preemptionPolicy'))]
}
