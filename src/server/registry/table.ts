import { plainColumns } from '../../api/columns.js'
import { describePath } from '../../api/descriptions.js'
import type { ApiObject } from '../../machinery/object.js'
import type { Column, Resource } from '../../machinery/resource.js'
import type { Form } from './form.js'
import { partial } from './represent.js'

/** A Table of objects: https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables */
export function tableOf(
  resource: Resource,
  rows: readonly { readonly object: ApiObject }[],
  form: Form,
  metadata: object | undefined,
  now: number,
  withoutColumns = false,
): ApiObject & object {
  const columns: readonly Column<ApiObject>[] = resource.columns.length > 0 ? resource.columns : plainColumns
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${form.version}`,
    metadata: metadata ?? { resourceVersion: rows[0]?.object.metadata.resourceVersion },
    ...{
      columnDefinitions: withoutColumns ? null : columnDefinitions(resource, columns),
      rows: inOrder(resource, rows).map(({ object }) => ({
        cells: columns.map(column => column.cell(object, now)),
        ...conditionsOf(resource, object),
        object:
          form.include === 'None' ? null : form.include === 'Object' ? object : partial(object, resource, form.version),
      })),
    },
  } as ApiObject & object
}

function inOrder<R extends { readonly object: ApiObject }>({ rowOrder }: Resource, rows: readonly R[]): readonly R[] {
  return rowOrder && rows.length > 1 ? rows.toSorted((a, b) => rowOrder(a.object, b.object)) : rows
}

function conditionsOf({ rowConditions }: Resource, object: ApiObject): object {
  const conditions = rowConditions?.(object) ?? []
  return conditions.length > 0 ? { conditions } : {}
}

const definitions = new WeakMap<readonly Column<ApiObject>[], readonly object[]>()

/** The head of the table, worked out once. */
function columnDefinitions(resource: Resource, columns: readonly Column<ApiObject>[]): readonly object[] {
  // The plain columns are shared by kinds, which may describe the same field in their own words.
  const known = columns === plainColumns ? undefined : definitions.get(columns)
  if (known) return known
  const shown = columns.filter(({ headless }) => !headless)
  const made = shown.map(({ name, type, format, description, field, describedBy, priority }) => ({
    name,
    type,
    format: format ?? '',
    description: description ?? (field && describePath(describedBy ?? resource.kind, field)) ?? '',
    priority,
  }))
  definitions.set(columns, made)
  return made
}
