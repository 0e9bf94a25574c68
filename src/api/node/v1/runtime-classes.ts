import { duplicate, required } from '../../../machinery/field-errors.js'
import { root } from '../../../machinery/path.js'
import { type Resource, resource } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { validateLabels } from '../../../machinery/validate-labels.js'
import { ageColumn, nameColumn, textColumn } from '../../columns.js'
import { Toleration } from '../../core/v1/index.js'
import { labelWarnings } from '../../core/v1/node-label-warnings.js'
import { validateResources } from '../../core/v1/validate-resources.js'
import { validateTolerations } from '../../core/v1/validate-scheduling.js'
import { labelName, unchanged } from '../../field-rules.js'
import { shownInternally } from '../../internal-form.js'
import { RuntimeClass } from './runtime-class.js'

export const runtimeClasses: Resource<RuntimeClass> = resource(RuntimeClass, {
  columns: [nameColumn, textColumn('Handler', ({ handler }) => handler, { description: '' }), ageColumn],
  strategy: {
    unconditionalUpdate: false,
    validate,
    validateUpdate: (now, old) => [...validate(now), ...unchanged(now.handler, old.handler, root.child('handler'))],
    metadataLooks: { asNew: 1 },
    warnings: ({ scheduling }) =>
      Object.keys(scheduling?.nodeSelector ?? {})
        .sort()
        .flatMap(label => labelWarnings(label, root.child('scheduling', 'nodeSelector'))),
  },
})

function validate({ handler, overhead, scheduling }: RuntimeClass): FieldError[] {
  const errors = handler ? labelName(handler, root.child('handler')) : [required(root.child('handler'))]
  if (overhead)
    errors.push(...validateResources({ limits: overhead.podFixed ?? {} }, new Set(), root.child('overhead')))
  if (!scheduling) return errors
  const at = root.child('scheduling')
  errors.push(...validateLabels(scheduling.nodeSelector, at.child('nodeSelector')))
  const { tolerations = [] } = scheduling
  errors.push(...validateTolerations(tolerations, at.child('tolerations')))
  const seen = new Set<string>()
  tolerations.forEach((toleration, i) => {
    const { key, operator, value, effect } = toleration
    const identity = JSON.stringify([key, operator, value, effect])
    if (seen.has(identity))
      errors.push(duplicate(at.child('tolerations').index(i), shownInternally(Toleration, toleration)))
    seen.add(identity)
  })
  return errors
}
