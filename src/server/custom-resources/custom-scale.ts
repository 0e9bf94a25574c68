import { isJsonObject, type JsonObject, ownField } from '../../api/apiextensions/schema/json-types.js'
import type { CustomResourceDefinitionVersion } from '../../api/apiextensions/v1/index.js'
import { invalidValue } from '../../machinery/field-errors.js'
import type { ApiObject } from '../../machinery/object.js'
import type { ScaleSubresource } from '../../machinery/resource.js'
import type { FieldError } from '../../machinery/status-error.js'

type Paths = NonNullable<NonNullable<CustomResourceDefinitionVersion['subresources']>['scale']>

const largest = 2 ** 31 - 1
const namesOf = (path: string): readonly string[] => path.split('.').filter(name => name !== '')

function valueAt(object: unknown, path: string): unknown {
  let value = object
  for (const name of namesOf(path)) value = isJsonObject(value) ? ownField(value, name) : undefined
  return value
}

function setAt(object: JsonObject, path: string, value: unknown): void {
  const names = namesOf(path)
  let target = object
  for (const name of names.slice(0, -1)) {
    const next = ownField(target, name)
    if (isJsonObject(next)) target = next
    else target = target[name] = {}
  }
  target[names.at(-1) ?? ''] = value
}

const numberAt = (object: unknown, path: string): number | undefined => {
  const value = valueAt(object, path)
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : undefined
}

/** The scale of a custom resource, read and written where its definition says. */
export function customScale({
  specReplicasPath,
  statusReplicasPath,
  labelSelectorPath,
}: Paths): ScaleSubresource<ApiObject> {
  return {
    type: 'scale',
    name: 'scale',
    verbs: ['get', 'patch', 'update'],
    replicasPath: namesOf(specReplicasPath).join('.'),
    validated: true,
    read(object) {
      const selector = labelSelectorPath ? valueAt(object, labelSelectorPath) : undefined
      return {
        replicas: numberAt(object, specReplicasPath),
        observed: numberAt(object, statusReplicasPath) ?? 0,
        selector: typeof selector === 'string' ? selector : '',
      }
    },
    write(draft, replicas) {
      setAt(draft as unknown as JsonObject, specReplicasPath, replicas)
    },
  }
}

/** Replicas are counts. */
export function scaleErrors(object: ApiObject, paths: Paths | undefined): FieldError[] {
  if (!paths) return []
  const errors: FieldError[] = []
  for (const path of [paths.specReplicasPath, paths.statusReplicasPath]) {
    const count = numberAt(object, path)
    if (count === undefined) continue
    if (count < 0) errors.push(invalidValue(path, count, 'should be a non-negative integer'))
    else if (count > largest) errors.push(invalidValue(path, count, `should be less than or equal to ${largest}`))
  }
  return errors
}
