import { invalidValue, Shown } from '../../../machinery/field-errors.js'
import { goJson } from '../../../machinery/go-format.js'
import { pathSegmentName } from '../../../machinery/names.js'
import { root } from '../../../machinery/path.js'
import { type Resource, resource, statusView } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { validateLabelSelector } from '../../../machinery/validate-labels.js'
import { ageColumn, nameColumn, numberColumn, textColumn } from '../../columns.js'
import { validateConditions } from '../../condition-rules.js'
import { atMostAll, countOrPercent, nonNegative, oneOf } from '../../field-rules.js'
import { statusApart } from '../../status-apart.js'
import { PodDisruptionBudget } from './pod-disruption-budget.js'

const notApplicable = 'N/A'

export const podDisruptionBudgets: Resource<PodDisruptionBudget> = resource(PodDisruptionBudget, {
  shortNames: ['pdb'],
  columns: [
    nameColumn,
    textColumn('Min Available', ({ spec }) => String(spec.minAvailable ?? notApplicable), {
      description: 'The minimum number of pods that must be available.',
    }),
    textColumn('Max Unavailable', ({ spec }) => String(spec.maxUnavailable ?? notApplicable), {
      description: 'The maximum number of pods that may be unavailable.',
    }),
    numberColumn('Allowed Disruptions', ({ status }) => status.disruptionsAllowed, {
      description: 'Calculated number of pods that may be disrupted at this time.',
    }),
    ageColumn,
  ],
  subresources: [statusView({ validateUpdate: validateStatus })],
  strategy: {
    ...statusApart(() => ({ disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 })),
    generation: true,
    nameErrors: pathSegmentName,
    unconditionalUpdate: false,
    validate,
    validateUpdate: validate,
  },
})

function validate({ spec }: PodDisruptionBudget): FieldError[] {
  const at = root.child('spec')
  const { minAvailable, maxUnavailable, selector, unhealthyPodEvictionPolicy } = spec
  const errors: FieldError[] = []
  if (minAvailable !== undefined && maxUnavailable !== undefined) {
    const shown = {
      MinAvailable: minAvailable,
      Selector: selector ?? null,
      MaxUnavailable: maxUnavailable,
      UnhealthyPodEvictionPolicy: unhealthyPodEvictionPolicy ?? null,
    }
    errors.push(invalidValue(at, new Shown(goJson(shown)), 'minAvailable and maxUnavailable cannot be both set'))
  }
  for (const field of ['minAvailable', 'maxUnavailable'] as const)
    errors.push(...countOrPercent(spec[field], at.child(field)), ...atMostAll(spec[field], at.child(field)))
  return [
    ...errors,
    ...validateLabelSelector(selector, at.child('selector')),
    ...oneOf(unhealthyPodEvictionPolicy, ['AlwaysAllow', 'IfHealthyBudget'], at.child('unhealthyPodEvictionPolicy')),
  ]
}

function validateStatus({ status }: PodDisruptionBudget): FieldError[] {
  const at = root.child('status')
  return [
    ...validateConditions(status.conditions, at.child('conditions')),
    ...(['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'] as const).flatMap(field =>
      nonNegative(status[field], at.child(field)),
    ),
  ]
}
