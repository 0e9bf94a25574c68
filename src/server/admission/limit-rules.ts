import type { LimitRange, LimitRangeItem } from '../../api/core/v1/index.js'
import {
  compareQuantities,
  formatQuantity,
  parseQuantity,
  type Quantity,
  quantityToNumber,
} from '../../machinery/quantity.js'

/** What something asks for and may use at most, exactly. */
export interface Claims {
  readonly requests: { readonly [resource: string]: Quantity }
  readonly limits: { readonly [resource: string]: Quantity }
}

export interface Amounts {
  readonly [resource: string]: string
}

/** What containers get that do not say, of all ranges of a namespace; later ranges win. */
export function containerDefaults(ranges: readonly LimitRange[]): {
  readonly requests: Amounts
  readonly limits: Amounts
} {
  const items = ranges.flatMap(({ spec }) => spec.limits).filter(({ type }) => type === 'Container')
  return {
    requests: Object.assign({}, ...items.map(item => item.defaultRequest)) as Amounts,
    limits: Object.assign({}, ...items.map(item => item.default)) as Amounts,
  }
}

/** Why claims are outside of a limit; empty if they are within. */
export function violations(item: LimitRangeItem, { requests, limits }: Claims): string[] {
  const per = (resource: string, word: string, bound: string) =>
    `${word} ${resource} usage per ${item.type} is ${bound}`
  const found: string[] = []
  for (const [resource, bound] of bounds(item.min)) {
    const request = requests[resource]
    const limit = limits[resource]
    const rule = per(resource, 'minimum', bound)
    if (!request) found.push(`${rule}.  No request is specified`)
    else if (compareQuantities(request, bound) < 0) found.push(`${rule}, but request is ${formatQuantity(request)}`)
    else if (limit && compareQuantities(limit, bound) < 0) found.push(`${rule}, but limit is ${formatQuantity(limit)}`)
  }
  for (const [resource, bound] of bounds(item.max)) {
    const request = requests[resource]
    const limit = limits[resource]
    const rule = per(resource, 'maximum', bound)
    if (item.type === 'PersistentVolumeClaim') {
      if (!request) found.push(`${rule}.  No request is specified`)
      else if (compareQuantities(request, bound) > 0) found.push(`${rule}, but request is ${formatQuantity(request)}`)
    } else if (!limit) found.push(`${rule}.  No limit is specified`)
    else if (compareQuantities(limit, bound) > 0) found.push(`${rule}, but limit is ${formatQuantity(limit)}`)
    else if (request && compareQuantities(request, bound) > 0)
      found.push(`${rule}, but request is ${formatQuantity(request)}`)
  }
  for (const [resource, bound] of bounds(item.maxLimitRequestRatio)) {
    const request = requests[resource]
    const limit = limits[resource]
    const rule = `${resource} max limit to request ratio per ${item.type} is ${bound}, but`
    if (!request || request.nanos === 0n) found.push(`${rule} no request is specified or request is 0`)
    else if (!limit || limit.nanos === 0n) found.push(`${rule} no limit is specified or limit is 0`)
    else {
      const ratio = quantityToNumber(limit) / quantityToNumber(request)
      if (ratio > quantityToNumber(bound)) found.push(`${rule} provided ratio is ${ratio.toFixed(6)}`)
    }
  }
  return found
}

const bounds = (amounts: Amounts | undefined): readonly (readonly [string, string])[] =>
  Object.entries(amounts ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))

/** Amounts as exact quantities. */
export const exactly = (amounts: Amounts | undefined): { readonly [resource: string]: Quantity } =>
  Object.fromEntries(Object.entries(amounts ?? {}).map(([name, text]) => [name, parseQuantity(text)]))
