import { invalidValue } from '../../../machinery/field-errors.js'
import { root } from '../../../machinery/path.js'
import { type Resource, resource } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { ageColumn, nameColumn } from '../../columns.js'
import { isExtendedResource } from '../../core/v1/resource-quantities.js'
import { validateItems } from '../../list-rules.js'
import { DeviceClass } from './device-class.js'
import { mostConfigurations, validateConfiguration, validateSelectors } from './device-rules.js'

export const deviceClasses: Resource<DeviceClass> = resource(DeviceClass, {
  deleteAnswersObject: true,
  columns: [nameColumn, ageColumn],
  strategy: { generation: true, validate, validateUpdate: validate },
})

function validate({ spec: { selectors, config, extendedResourceName: extended } }: DeviceClass): FieldError[] {
  const at = root.child('spec')
  const errors = validateSelectors(selectors, at.child('selectors'))
  errors.push(...validateItems(config, mostConfigurations, at.child('config'), validateConfiguration))
  if (extended !== undefined && !isExtendedResource(extended))
    errors.push(invalidValue(at.child('extendedResourceName'), extended, 'must be a valid extended resource name'))
  return errors
}
