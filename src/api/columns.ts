import type { ApiObject } from '../machinery/object.js'
import type { Column } from '../machinery/resource.js'

/** The first column of every table. */
export const nameColumn: Column<ApiObject> = {
  name: 'Name',
  type: 'string',
  format: 'name',
  priority: 0,
  cell: ({ metadata }) => metadata.name ?? '',
}

export const ageColumn: Column<ApiObject> = {
  name: 'Age',
  type: 'string',
  priority: 0,
  cell: ({ metadata }, now) => ageOf(metadata.creationTimestamp, now),
}

/** A column of text shown always (`priority` 0) or with `-o wide` (1). */
export const textColumn = <T extends ApiObject>(
  name: string,
  cell: (object: T, now: number) => string,
  priority = 0,
): Column<T> => ({ name, type: 'string', priority, cell })

export const numberColumn = <T extends ApiObject>(
  name: string,
  cell: (object: T) => number,
  priority = 0,
): Column<T> => ({ name, type: 'integer', priority, cell })

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
