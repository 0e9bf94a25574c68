import {
  divideUp,
  nanosPerUnit,
  parseQuantity,
  plainParts,
  type Quantity,
  type QuantityFormat,
} from '../schema/quantity-text.js'

export {
  canonicalQuantity,
  formatQuantity,
  isQuantity,
  parseQuantity,
  type Quantity,
  QuantityError,
  type QuantityFormat,
} from '../schema/quantity-text.js'

const of = (value: Quantity | string): Quantity => (typeof value === 'string' ? parseQuantity(value) : value)

/** Below zero if `a` is less than `b`, zero if they are equal, whatever their forms. */
export function compareQuantities(a: Quantity | string, b: Quantity | string): number {
  const left = of(a).nanos
  const right = of(b).nanos
  return left < right ? -1 : left > right ? 1 : 0
}

/** The sum, in the form of `a` unless that is zero. */
export function addQuantities(a: Quantity | string, b: Quantity | string): Quantity {
  const left = of(a)
  const right = of(b)
  return { nanos: left.nanos + right.nanos, format: left.nanos === 0n ? right.format : left.format }
}

/** The difference, in the form of `a` unless that is zero. */
export function subtractQuantities(a: Quantity | string, b: Quantity | string): Quantity {
  const left = of(a)
  const right = of(b)
  return { nanos: left.nanos - right.nanos, format: left.nanos === 0n ? right.format : left.format }
}

/** A whole number of units. */
export const quantity = (units: number | bigint, format: QuantityFormat = 'DecimalSI'): Quantity => ({
  nanos: BigInt(units) * nanosPerUnit,
  format,
})

/** A whole number of thousandths: `milliQuantity(1500)` is `1500m`. */
export const milliQuantity = (thousandths: number | bigint, format: QuantityFormat = 'DecimalSI'): Quantity => ({
  nanos: BigInt(thousandths) * 1_000_000n,
  format,
})

export const zeroQuantity: Quantity = { nanos: 0n, format: 'DecimalSI' }

/** The nearest floating point number: cores, bytes. */
export function quantityToNumber(input: Quantity | string): number {
  if (typeof input === 'string') {
    const plain = plainParts(input)
    // Dividing is exact where multiplying by 0.001 is not.
    if (plain)
      return plain.unit.factor < 1 ? plain.count / Math.round(1 / plain.unit.factor) : plain.count * plain.unit.factor
  }
  const { nanos } = of(input)
  const whole = nanos / nanosPerUnit
  const rest = nanos % nanosPerUnit
  return rest === 0n ? Number(whole) : Number(formatDecimal(whole, rest, nanos < 0n))
}

const formatDecimal = (whole: bigint, rest: bigint, negative: boolean): string => {
  const magnitude = (value: bigint): bigint => (value < 0n ? -value : value)
  return `${negative ? '-' : ''}${magnitude(whole)}.${String(magnitude(rest)).padStart(9, '0')}`
}

const roundAway = (nanos: bigint, step: bigint): number =>
  Number(nanos < 0n ? -divideUp(-nanos, step) : divideUp(nanos, step))

/** Whole units, rounded away from zero: bytes, counts. */
export function quantityValue(input: Quantity | string): number {
  if (typeof input === 'string') {
    const plain = plainParts(input)
    if (plain && plain.unit.factor >= 1) return plain.count * plain.unit.factor
  }
  return roundAway(of(input).nanos, nanosPerUnit)
}

/** Whole thousandths, rounded away from zero: CPU. */
export function milliValue(input: Quantity | string): number {
  if (typeof input === 'string') {
    const plain = plainParts(input)
    if (plain && plain.unit.factor === 0.001) return plain.count
    if (plain && plain.unit.factor >= 1) return plain.count * plain.unit.factor * 1000
  }
  return roundAway(of(input).nanos, 1_000_000n)
}
