import {
  addQuantities,
  compareQuantities,
  isQuantity,
  parseQuantity,
  type Quantity,
  quantity,
  quantityToNumber,
  subtractQuantities,
} from '../../quantity.js'
import { CelError, OpaqueValue } from '../values.js'
import { declare } from './declare.js'

class QuantityValue extends OpaqueValue {
  readonly typeName = 'kubernetes.Quantity'

  constructor(readonly quantity: Quantity) {
    super()
  }

  equals(other: OpaqueValue): boolean {
    return other instanceof QuantityValue && compareQuantities(this.quantity, other.quantity) === 0
  }
}

function read(text: string): QuantityValue {
  if (!isQuantity(text))
    throw new CelError("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")
  return new QuantityValue(parseQuantity(text))
}

/** A quantity as expressions see it. Throws CelError. */
export const celQuantity = (text: string): OpaqueValue => read(text)

const nanosPerUnit = 1_000_000_000n
const isInteger = ({ quantity: { nanos } }: QuantityValue): boolean =>
  nanos % nanosPerUnit === 0n && nanos / nanosPerUnit < 2n ** 63n && nanos / nanosPerUnit >= -(2n ** 63n)
const compare = (a: QuantityValue, b: QuantityValue): number => compareQuantities(a.quantity, b.quantity)

export const quantityFunctions = declare({
  'quantity(string): kubernetes.Quantity': read,
  'isQuantity(string): bool': isQuantity,
  'kubernetes.Quantity.sign(): int': ({ quantity: { nanos } }: QuantityValue) =>
    nanos > 0n ? 1n : nanos < 0n ? -1n : 0n,
  'kubernetes.Quantity.isInteger(): bool': isInteger,
  'kubernetes.Quantity.asInteger(): int': (value: QuantityValue) => {
    if (!isInteger(value)) throw new CelError('cannot convert value to integer')
    return value.quantity.nanos / nanosPerUnit
  },
  'kubernetes.Quantity.asApproximateFloat(): double': (value: QuantityValue) => quantityToNumber(value.quantity),
  'kubernetes.Quantity.isGreaterThan(kubernetes.Quantity): bool': (a: QuantityValue, b: QuantityValue) =>
    compare(a, b) > 0,
  'kubernetes.Quantity.isLessThan(kubernetes.Quantity): bool': (a: QuantityValue, b: QuantityValue) =>
    compare(a, b) < 0,
  'kubernetes.Quantity.compareTo(kubernetes.Quantity): int': (a: QuantityValue, b: QuantityValue) =>
    BigInt(compare(a, b)),
  'kubernetes.Quantity.add(kubernetes.Quantity): kubernetes.Quantity': (a: QuantityValue, b: QuantityValue) =>
    new QuantityValue(addQuantities(a.quantity, b.quantity)),
  'kubernetes.Quantity.add(int): kubernetes.Quantity': (a: QuantityValue, b: bigint) =>
    new QuantityValue(addQuantities(a.quantity, quantity(b))),
  'kubernetes.Quantity.sub(kubernetes.Quantity): kubernetes.Quantity': (a: QuantityValue, b: QuantityValue) =>
    new QuantityValue(subtractQuantities(a.quantity, b.quantity)),
  'kubernetes.Quantity.sub(int): kubernetes.Quantity': (a: QuantityValue, b: bigint) =>
    new QuantityValue(subtractQuantities(a.quantity, quantity(b))),
})
