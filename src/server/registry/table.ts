import type { ApiObject } from '../../machinery/object.js'
import type { Column, Resource } from '../../machinery/resource.js'
import type { StoredObject } from '../cache/stored-object.js'
import type { Form } from './form.js'
import { partial } from './represent.js'

/** A Table of objects: https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables */
export function tableOf(
  resource: Resource,
  rows: readonly StoredObject[],
  form: Form,
  metadata: object | undefined,
  now: number,
  withoutColumns = false,
): ApiObject & object {
  const columns: readonly Column<ApiObject>[] = resource.columns.length > 0 ? resource.columns : plainColumns
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: metadata ?? { resourceVersion: rows[0]?.object.metadata.resourceVersion },
    ...{
      columnDefinitions: withoutColumns
        ? []
        : columns.map(({ name, type, format, description, priority }) => ({
            name,
            type,
            format: format ?? '',
            description: description ?? '',
            priority,
          })),
      rows: rows.map(({ object }) => ({
        cells: columns.map(column => column.cell(object, now)),
        ...(form.include === 'None' ? {} : { object: form.include === 'Object' ? object : partial(object) }),
      })),
    },
  } as ApiObject & object
}

const plainColumns: readonly Column<ApiObject>[] = [
  {
    name: 'Name',
    type: 'string',
    format: 'name',
    priority: 0,
    cell: ({ metadata }) => metadata.name ?? '',
  },
  {
    name: 'Created At',
    type: 'date',
    priority: 0,
    cell: ({ metadata }) => metadata.creationTimestamp ?? null,
  },
]
