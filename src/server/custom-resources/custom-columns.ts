import type { CustomResourceDefinitionVersion } from '../../api/apiextensions/v1/index.js'
import { ageOf, nameColumn } from '../../api/columns.js'
import { describe } from '../../api/descriptions.js'
import { parseJsonPath } from '../../machinery/json-path.js'
import type { ApiObject } from '../../machinery/object.js'
import type { Column } from '../../machinery/resource.js'
import { exactJson } from '../../schema/index.js'

type Declared = NonNullable<CustomResourceDefinitionVersion['additionalPrinterColumns']>[number]

const objectMeta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'

const described = (field: string): { readonly description?: string } => {
  const description = describe(objectMeta, field)
  return description ? { description } : {}
}

/** What is shown of kinds that declare no columns of their own. */
const age = (): Declared => ({
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  ...described('creationTimestamp'),
})

/** The columns of a version's tables: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#additional-printer-columns */
export function customColumns(declared: readonly Declared[] | undefined): readonly Column<ApiObject>[] {
  return [{ ...nameColumn, ...described('name') }, ...(declared?.length ? declared : [age()]).map(columnOf)]
}

function columnOf({ name, type, format, description, priority = 0, jsonPath }: Declared): Column<ApiObject> {
  const path = parseJsonPath(jsonPath)
  return {
    name,
    type: type as Column<ApiObject>['type'],
    ...(format ? { format } : {}),
    // Upstream's own words where the author has none.
    description: description || `Custom resource definition column (in JSONPath format): ${jsonPath}`,
    priority,
    cell(object, now) {
      const [value] = path.find(object)
      return value === undefined || value === null ? null : cellOf(value, type, now)
    },
  }
}

function cellOf(value: unknown, type: string, now: number): string | number | bigint | boolean | null {
  switch (type) {
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : typeof value === 'bigint' ? value : null
    case 'number':
      return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : null
    case 'boolean':
      return typeof value === 'boolean' ? value : null
    case 'date':
      if (typeof value !== 'string') return null
      return Number.isNaN(Date.parse(value)) ? '<invalid>' : ageOf(value, now)
    default:
      return typeof value === 'object' ? exactJson(value) : String(value)
  }
}
