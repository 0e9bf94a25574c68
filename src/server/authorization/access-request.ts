import { type FieldSelector, parseFieldSelector } from '../../machinery/fields.js'
import { type LabelOperator, parseLabelSelector, type Selector } from '../../machinery/labels.js'
import { pathSegmentName } from '../../machinery/names.js'
import type { RequestContext } from '../pipeline.js'
import type { RequestInfo } from '../request-info.js'

/** One condition of a selector, as access reviews have them. */
export interface SelectorRequirement {
  readonly key: string
  /** In, NotIn, Exists, DoesNotExist. */
  readonly operator: string
  readonly values?: readonly string[]
}

/** What somebody wants to do, as authorizers see it. */
export interface AccessRequest extends RequestInfo {
  /** By which fields a list, a watch or a deletion of many is limited; absent if it is not, or cannot be read. */
  readonly fieldSelector?: readonly SelectorRequirement[]
  readonly labelSelector?: readonly SelectorRequirement[]
}

const selecting = new Set(['list', 'watch', 'deletecollection'])

/** What a request asks for: one that selects by a name asks for the object of that name. */
export function accessOf({ info, request: { query } }: RequestContext): AccessRequest {
  const { resource, verb } = info
  if (!resource || query.size === 0 || !selecting.has(verb)) return info
  const fieldText = query.get('fieldSelector')
  const labelText = query.get('labelSelector')
  if (!fieldText && !labelText) return info
  const fields = fieldText ? readable(() => parseFieldSelector(fieldText)) : undefined
  const labels = labelText ? readable(() => parseLabelSelector(labelText)) : undefined
  const name = fields?.requiredValue('metadata.name')
  return {
    ...info,
    ...(name && !resource.name && pathSegmentName(name).length === 0 ? { resource: { ...resource, name } } : {}),
    ...(fields && !fields.empty ? { fieldSelector: fieldRequirements(fields) } : {}),
    ...(labels && !labels.empty ? { labelSelector: labelRequirements(labels) } : {}),
  }
}

/** A field selector in the words of access reviews. */
export const fieldRequirements = ({ requirements }: FieldSelector): readonly SelectorRequirement[] =>
  requirements.map(({ field, operator, value }) => ({
    key: field,
    operator: operator === '=' ? 'In' : 'NotIn',
    values: [value],
  }))

/** A label selector in the words of access reviews. */
export const labelRequirements = ({ requirements }: Selector): readonly SelectorRequirement[] =>
  requirements.flatMap(({ key, operator, values }) => {
    const word = labelOperators[operator]
    return word ? [{ key, operator: word, ...(values.length > 0 ? { values } : {}) }] : []
  })

/** Comparisons of numbers have no word: leaving one out asks for more, which is safe. */
const labelOperators: { readonly [operator in LabelOperator]?: string } = {
  '=': 'In',
  '==': 'In',
  in: 'In',
  '!=': 'NotIn',
  notin: 'NotIn',
  exists: 'Exists',
  '!': 'DoesNotExist',
}

/** A selector that cannot be read is refused later, by whoever lists. */
function readable<T>(parse: () => T): T | undefined {
  try {
    return parse()
  } catch {
    return undefined
  }
}
