import { forbiddenField, invalidValue, invalidValues, required } from '../../../machinery/field-errors.js'
import { qualifiedName } from '../../../machinery/names.js'
import { root } from '../../../machinery/path.js'
import { type Resource, resource } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { ageColumn, nameColumn, textColumn } from '../../columns.js'
import { nonNegative } from '../../field-rules.js'
import { Lease } from './lease.js'

export const leases: Resource<Lease> = resource(Lease, {
  columns: [
    nameColumn,
    textColumn('Holder', ({ spec }) => spec.holderIdentity ?? '', { field: 'spec.holderIdentity' }),
    ageColumn,
  ],
  strategy: { createOnUpdate: true, unconditionalUpdate: false, validate, validateUpdate: validate },
})

function validate({ spec }: Lease): FieldError[] {
  const at = root.child('spec')
  const { leaseDurationSeconds: seconds, strategy, preferredHolder } = spec
  const errors: FieldError[] = []
  if (seconds !== undefined && seconds <= 0)
    errors.push(invalidValue(at.child('leaseDurationSeconds'), seconds, 'must be greater than 0'))
  errors.push(...nonNegative(spec.leaseTransitions, at.child('leaseTransitions')))
  if (strategy !== undefined)
    errors.push(
      ...(strategy === ''
        ? [required(at.child('strategy'))]
        : invalidValues(at.child('strategy'), strategy, qualifiedName(strategy))),
    )
  if (preferredHolder && !strategy)
    errors.push(forbiddenField(at.child('preferredHolder'), 'may only be specified when strategy is defined'))
  return errors
}
