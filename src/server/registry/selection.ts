import { type FieldRequirement, parseFieldSelector } from '../../machinery/fields.js'
import { parseLabelSelector } from '../../machinery/labels.js'
import type { ApiObject } from '../../machinery/object.js'
import type { Resource } from '../../machinery/resource.js'
import { badRequest } from '../../machinery/status-error.js'

/** What label and field selectors leave of a list. */
export interface Selection<T extends ApiObject> {
  /** Absent when everything is selected. */
  readonly matches?: (object: T) => boolean
  /** The same for objects that have the `name`: absent when all of those are selected. */
  readonly matchesNamed?: (object: T) => boolean
  /** Set when the field selector names exactly one object. */
  readonly name?: string
  readonly namespace?: string
}

/** Reads the selectors of a query. Throws a 400 for a selector that cannot be read or names an unknown field. */
export function selectionOf<T extends ApiObject>(query: URLSearchParams, resource: Resource<T>): Selection<T> {
  // Most lists and nearly all writes have no query.
  if (query.size === 0) return everything
  const labels = parseLabelSelector(query.get('labelSelector') ?? '')
  const fields = parseFieldSelector(query.get('fieldSelector') ?? '')
  const name = fields.requiredValue('metadata.name')
  const namespace = fields.requiredValue('metadata.namespace')
  const tests: ((object: T) => boolean)[] = []
  const named: ((object: T) => boolean)[] = []
  for (const requirement of fields.requirements) {
    const { field, operator, value } = requirement
    const test = fieldTest(resource, requirement)
    tests.push(test)
    if (field !== 'metadata.name' || operator !== '=' || value !== name) named.push(test)
  }
  if (!labels.empty) {
    const test = ({ metadata }: T) => labels.matches(metadata.labels ?? {})
    tests.push(test)
    named.push(test)
  }
  return {
    ...(tests.length > 0 ? { matches: (object: T) => tests.every(test => test(object)) } : {}),
    ...(named.length > 0 ? { matchesNamed: (object: T) => named.every(test => test(object)) } : {}),
    ...(name !== undefined ? { name } : {}),
    ...(namespace !== undefined ? { namespace } : {}),
  }
}

const everything: Selection<ApiObject> = {}

function fieldTest<T extends ApiObject>(
  resource: Resource<T>,
  { field, operator, value }: FieldRequirement,
): (object: T) => boolean {
  const read = fieldReader(resource, field)
  return operator === '=' ? object => read(object) === value : object => read(object) !== value
}

function fieldReader<T extends ApiObject>(resource: Resource<T>, field: string): (object: T) => string {
  if (field === 'metadata.name') return ({ metadata }) => metadata.name ?? ''
  if (field === 'metadata.namespace') return ({ metadata }) => metadata.namespace ?? ''
  const own = resource.selectableFields
  const read = Object.hasOwn(own, field) ? own[field] : undefined
  if (read) return read
  const { group, kind } = resource.kind.gvk
  if (resource.kind.decoder) throw badRequest(`field label not supported: ${field}`)
  if (Object.keys(own).length === 0)
    throw badRequest(`"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`)
  throw badRequest(
    group === '' ? `field label not supported: ${field}` : `field label "${field}" not supported for ${kind}`,
  )
}
