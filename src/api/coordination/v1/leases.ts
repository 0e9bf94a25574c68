import { forbiddenField, invalidValue, invalidValues } from '../../../machinery/field-errors.js'
import { qualifiedName } from '../../../machinery/names.js'
import { type FieldPath, root } from '../../../machinery/path.js'
import { type Resource, resource } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import type { Draft } from '../../../schema/index.js'
import { ageColumn, nameColumn, textColumn } from '../../columns.js'
import { nonNegative, oneOf } from '../../field-rules.js'
import { Lease } from './lease.js'

export const leases: Resource<Lease> = resource(Lease, {
  columns: [
    nameColumn,
    textColumn('Holder', ({ spec }) => spec.holderIdentity ?? '', { field: 'spec.holderIdentity' }),
    ageColumn,
  ],
  strategy: {
    bareFinalizers: true,
    createOnUpdate: true,
    unconditionalUpdate: false,
    prepareForCreate: withoutElection,
    prepareForUpdate(draft, old) {
      if (!old.spec.strategy) withoutElection(draft)
    },
    validate,
    validateUpdate: validate,
  },
})

function validate({ spec }: Lease): FieldError[] {
  const at = root.child('spec')
  const { leaseDurationSeconds: seconds, strategy, preferredHolder } = spec
  const errors: FieldError[] = []
  if (seconds !== undefined && seconds <= 0)
    errors.push(invalidValue(at.child('leaseDurationSeconds'), seconds, 'must be greater than 0'))
  errors.push(...nonNegative(spec.leaseTransitions, at.child('leaseTransitions')))
  if (strategy !== undefined) errors.push(...validateStrategy(strategy, at.child('strategy', 'strategy')))
  if (preferredHolder && !strategy)
    errors.push(forbiddenField(at.child('preferredHolder'), 'may only be specified if `strategy` is defined'))
  return errors
}

const strategies = ['OldestEmulationVersion']

const validateStrategy = (strategy: string, here: FieldPath): FieldError[] =>
  strategy.includes('/') ? invalidValues(here, strategy, qualifiedName(strategy)) : oneOf(strategy, strategies, here)

/** Coordinated leader election is off: what is about it is not kept. */
function withoutElection({ spec }: Draft<Lease>): void {
  delete spec.strategy
  delete spec.preferredHolder
}
