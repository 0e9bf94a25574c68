import { invalidValue } from '../../../machinery/field-errors.js'
import { pathSegmentName } from '../../../machinery/names.js'
import { root } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { validateAnnotations, validateLabels } from '../../../machinery/validate-labels.js'
import { isJsonObject, type JsonObject } from './json-types.js'

interface Texts {
  readonly [key: string]: string
}

/** Rules for the metadata of an object within an object: what is there must be fine, nothing need be. */
export function validateMetadataOf(value: JsonObject, path: string): FieldError[] {
  const { metadata } = value
  if (metadata === undefined) return []
  if (!isJsonObject(metadata)) return [invalidValue(path, metadata, 'must be an object')]
  const { name, labels, annotations } = metadata
  const errors: FieldError[] = []
  if (typeof name === 'string' && name !== '')
    for (const message of pathSegmentName(name)) errors.push(invalidValue(`${path}.name`, name, message))
  const at = root.child(path)
  if (isJsonObject(labels)) errors.push(...validateLabels(labels as Texts, at.child('labels')))
  if (isJsonObject(annotations)) errors.push(...validateAnnotations(annotations as Texts, at.child('annotations')))
  return errors
}
