import { forbiddenField } from '../../../machinery/field-errors.js'
import { jsonEqual } from '../../../machinery/json-equal.js'
import { root } from '../../../machinery/path.js'
import { type Resource, resource } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { ageColumn, classNameColumn, textColumn } from '../../columns.js'
import { VolumeAttributesClass } from './volume-attributes-class.js'
import { validateParameters, validateProvisioner } from './volume-parameters.js'

export const volumeAttributesClasses: Resource<VolumeAttributesClass> = resource(VolumeAttributesClass, {
  shortNames: ['vac'],
  deleteAnswersObject: true,
  columns: [
    classNameColumn('volumeattributesclass.alpha.kubernetes.io/is-default-class'),
    textColumn('DriverName', ({ driverName }) => driverName, { field: 'driverName' }),
    ageColumn,
  ],
  strategy: {
    validate,
    validateUpdate: (now, old) => [
      ...validate(now),
      ...(['driverName', 'parameters'] as const).flatMap(field =>
        jsonEqual(now[field] ?? null, old[field] ?? null)
          ? []
          : [forbiddenField(root.child(field), `updates to ${field} are forbidden.`)],
      ),
    ],
    metadataLooks: { asNew: 1 },
  },
})

function validate({ driverName, parameters }: VolumeAttributesClass): FieldError[] {
  return [
    ...validateProvisioner(driverName, root.child('driverName')),
    ...validateParameters(parameters, root.child('parameters'), true),
  ]
}
