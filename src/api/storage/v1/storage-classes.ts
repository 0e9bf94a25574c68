import { duplicate, forbiddenField, required } from '../../../machinery/field-errors.js'
import { jsonEqual } from '../../../machinery/json-equal.js'
import { root } from '../../../machinery/path.js'
import { type Resource, resource } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { validateLabelKey } from '../../../machinery/validate-labels.js'
import { ageColumn, classNameColumn, textColumn } from '../../columns.js'
import { labelWarnings } from '../../core/v1/node-label-warnings.js'
import { oneOf, unchanged } from '../../field-rules.js'
import { StorageClass } from './storage-class.js'
import { validateParameters, validateProvisioner } from './volume-parameters.js'

export const storageClasses: Resource<StorageClass> = resource(StorageClass, {
  shortNames: ['sc'],
  deleteAnswersObject: true,
  columns: [
    classNameColumn('storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'),
    textColumn('Provisioner', ({ provisioner }) => provisioner, { field: 'provisioner' }),
    textColumn('ReclaimPolicy', ({ reclaimPolicy }) => reclaimPolicy ?? 'Delete', { field: 'reclaimPolicy' }),
    textColumn('VolumeBindingMode', ({ volumeBindingMode }) => volumeBindingMode ?? 'Immediate', {
      field: 'volumeBindingMode',
    }),
    textColumn('AllowVolumeExpansion', ({ allowVolumeExpansion }) => allowVolumeExpansion ?? false, {
      field: 'allowVolumeExpansion',
    }),
    ageColumn,
  ],
  defaults(draft) {
    draft.reclaimPolicy ??= 'Delete'
    draft.volumeBindingMode ??= 'Immediate'
  },
  strategy: {
    validate,
    validateUpdate(now, old) {
      const errors = validate(now)
      for (const field of ['parameters', 'provisioner', 'reclaimPolicy'] as const)
        if (!jsonEqual(now[field] ?? null, old[field] ?? null))
          errors.push(forbiddenField(root.child(field), `updates to ${field} are forbidden.`))
      return [...errors, ...unchanged(now.volumeBindingMode, old.volumeBindingMode, root.child('volumeBindingMode'))]
    },
    metadataLooks: { asNew: 1 },
    warnings: ({ allowedTopologies = [] }) =>
      allowedTopologies.flatMap(({ matchLabelExpressions = [] }, i) => {
        const at = root.child('allowedTopologies').index(i).child('matchLabelExpressions')
        return matchLabelExpressions.flatMap(({ key }, j) => labelWarnings(key, at.index(j).child('key')))
      }),
  },
})

function validate(object: StorageClass): FieldError[] {
  const { provisioner, reclaimPolicy, volumeBindingMode, allowedTopologies = [] } = object
  const errors = validateProvisioner(provisioner, root.child('provisioner'))
  errors.push(
    ...validateParameters(object.parameters, root.child('parameters')),
    ...oneOf(reclaimPolicy, ['Delete', 'Retain'], root.child('reclaimPolicy')),
    ...(volumeBindingMode === undefined
      ? [required(root.child('volumeBindingMode'))]
      : oneOf(volumeBindingMode, ['Immediate', 'WaitForFirstConsumer'], root.child('volumeBindingMode'))),
  )
  const topologies: unknown[] = []
  allowedTopologies.forEach(({ matchLabelExpressions = [] }, i) => {
    {
      const term = root.child('allowedTopologies').index(i)
      const keys = new Set<string>()
      matchLabelExpressions.forEach(({ key, values }, j) => {
        {
          const here = term.child('matchLabelExpressions').index(j)
          if (!values?.length) errors.push(required(here.child('values')))
          values?.forEach((value, k) => {
            if (values.indexOf(value) < k) errors.push(duplicate(here.child('values').index(k), value))
          })
          errors.push(...validateLabelKey(key, here.child('key')))
          if (keys.has(key)) errors.push(duplicate(here.child('key'), key))
          keys.add(key)
        }
      })
      if (topologies.some(before => jsonEqual(before, matchLabelExpressions)))
        errors.push(duplicate(term.child('matchLabelExpressions'), ''))
      topologies.push(matchLabelExpressions)
    }
  })
  return errors
}
