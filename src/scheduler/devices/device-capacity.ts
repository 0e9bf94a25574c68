import type { Device, DeviceCapacity } from '../../api/resource/v1/index.js'
import { addQuantities, compareQuantities, formatQuantity, parseQuantity, quantity } from '../../machinery/quantity.js'

/** Amounts by the name of a capacity, as quantities. */
export type Capacities = { readonly [name: string]: string }

/**
 * What a request takes of a device that several share, or undefined if that is not to be had: amounts are rounded up to
 * what the device's policy allows. `used` is what others have taken.
 */
export function consumed({ capacity = {} }: Device, wanted: Capacities, used: Capacities): Capacities | undefined {
  const taken: Record<string, string> = {}
  for (const name of Object.keys(wanted)) if (!capacity[name]) return undefined
  for (const [name, each] of Object.entries(capacity)) {
    const amount = allowed(each, wanted[name])
    if (amount === undefined) return undefined
    if (compareQuantities(addQuantities(used[name] ?? '0', amount), each.value) > 0) return undefined
    taken[name] = amount
  }
  return taken
}

/** Whether a device that is had whole has as much as is asked for. */
export const hasCapacity = ({ capacity = {} }: Device, wanted: Capacities): boolean =>
  Object.entries(wanted).every(([name, amount]) => compareQuantities(capacity[name]?.value ?? '-1', amount) >= 0)

/** Amounts together. */
export function sum(a: Capacities, b: Capacities): Capacities {
  const total: Record<string, string> = { ...a }
  for (const [name, amount] of Object.entries(b))
    total[name] = formatQuantity(addQuantities(total[name] ?? '0', amount))
  return total
}

function allowed({ value, requestPolicy }: DeviceCapacity, wanted: string | undefined): string | undefined {
  const amount = wanted ?? requestPolicy?.default ?? value
  const { validValues = [], validRange } = requestPolicy ?? {}
  if (validValues.length > 0) return validValues.find(each => compareQuantities(each, amount) >= 0)
  if (!validRange) return amount
  const { min = '0', max, step } = validRange
  if (max !== undefined && compareQuantities(amount, max) > 0) return undefined
  if (compareQuantities(amount, min) <= 0) return min
  if (step === undefined) return amount
  const rounded = roundedUp(amount, min, step)
  return max !== undefined && compareQuantities(rounded, max) > 0 ? undefined : rounded
}

/** The least amount that is so many whole steps above the minimum. */
function roundedUp(amount: string, min: string, step: string): string {
  const [{ nanos, format }, { nanos: least }, { nanos: unit }] = [amount, min, step].map(text =>
    parseQuantity(text),
  ) as [ReturnType<typeof parseQuantity>, ReturnType<typeof parseQuantity>, ReturnType<typeof parseQuantity>]
  if (unit <= 0n) return amount
  const steps = (nanos - least + unit - 1n) / unit
  return formatQuantity({ ...quantity(0), format, nanos: least + steps * unit })
}
