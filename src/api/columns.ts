import type { Labels } from '../machinery/labels.js'
import type { ApiObject } from '../machinery/object.js'
import type { Column } from '../machinery/resource.js'

/** How cells say that there is nothing. */
export const none = '<none>'
export const unset = '<unset>'

export interface ColumnOptions {
  /** Shown with `-o wide` only. */
  readonly wide?: boolean
  /** Dotted path of the field that the column is about. */
  readonly field?: string
  readonly description?: string
}

type Cell<T extends ApiObject> = (object: T, now: number) => string | number | boolean

const columnOf =
  (type: Column<ApiObject>['type']) =>
  <T extends ApiObject>(name: string, cell: Cell<T>, { wide = false, ...about }: ColumnOptions = {}): Column<T> => ({
    name,
    type,
    priority: wide ? 1 : 0,
    cell,
    ...about,
  })

/** A column is of the type it is published with; some that are texts show numbers. */
export const textColumn = columnOf('string')
export const numberColumn = columnOf('integer')
export const booleanColumn = columnOf('boolean')

/** The first column of nearly every table. */
export const nameColumn: Column<ApiObject> = {
  name: 'Name',
  type: 'string',
  format: 'name',
  priority: 0,
  field: 'metadata.name',
  cell: ({ metadata }) => metadata.name ?? '',
}

/** The names of classes of which one is the default, which has one of these annotations and is marked. */
export const classNameColumn = (...annotations: readonly string[]): Column<ApiObject> => ({
  ...nameColumn,
  cell: ({ metadata }) =>
    annotations.some(name => metadata.annotations?.[name] === 'true')
      ? `${metadata.name ?? ''} (default)`
      : (metadata.name ?? ''),
})

export const ageColumn: Column<ApiObject> = {
  name: 'Age',
  type: 'string',
  priority: 0,
  field: 'metadata.creationTimestamp',
  cell: ({ metadata }, now) => ageOf(metadata.creationTimestamp, now),
}

/** What kinds show that have no columns of their own. */
export const plainColumns: readonly Column<ApiObject>[] = [
  nameColumn,
  {
    name: 'Created At',
    type: 'date',
    priority: 0,
    field: 'metadata.creationTimestamp',
    cell: ({ metadata }) => metadata.creationTimestamp ?? null,
  },
]

interface HasContainers {
  readonly containers: readonly { readonly name: string; readonly image?: string }[] | null
}

/** Containers and images: wide columns of everything that has a pod template. */
export function containerColumns<T extends ApiObject>(
  podSpecOf: (object: T) => HasContainers | undefined,
  wide = true,
): readonly Column<T>[] {
  const list = (object: T, text: (container: { readonly name: string; readonly image?: string }) => string) =>
    (podSpecOf(object)?.containers ?? []).map(text).join(',')
  return [
    textColumn<T>('Containers', object => list(object, ({ name }) => name), {
      wide,
      description: 'Names of each container in the template.',
    }),
    textColumn<T>('Images', object => list(object, ({ image }) => image ?? ''), {
      wide,
      description: 'Images referenced by each container in the template.',
    }),
  ]
}

/** Labels as a cell: `a=b,c=d`, sorted. */
export function labelsText(labels: Labels | undefined | null): string {
  const texts = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`)
  return texts.length > 0 ? texts.sort().join(',') : none
}

/** How long ago an RFC 3339 time was. */
export function ageOf(time: string | null | undefined, now: number): string {
  if (!time) return '<unknown>'
  return shortDuration(now - Date.parse(time))
}

/** A span in at most two units, as `kubectl get` shows it: `5s`, `3m20s`, `2h`, `4d3h`, `2y11d`. Takes milliseconds. */
export function shortDuration(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  if (seconds < -1) return '<invalid>'
  if (seconds < 0) return '0s'
  if (seconds < 120) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 10) return two(minutes, 'm', seconds % 60, 's')
  if (minutes < 180) return `${minutes}m`
  const hours = Math.floor(minutes / 60)
  if (hours < 8) return two(hours, 'h', minutes % 60, 'm')
  if (hours < 48) return `${hours}h`
  const days = Math.floor(hours / 24)
  if (days < 8) return two(days, 'd', hours % 24, 'h')
  if (days < 730) return `${days}d`
  const years = Math.floor(days / 365)
  if (years < 8) return two(years, 'y', days % 365, 'd')
  return `${years}y`
}

const two = (large: number, largeUnit: string, small: number, smallUnit: string): string =>
  small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`
