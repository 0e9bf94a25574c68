/**
 * Exact quantities of resources (`100m`, `1.5Gi`, `12e6`). They are counted in nano units, the finest step Kubernetes
 * knows; finer values are rounded away from zero. The form a quantity was written in decides how it is printed.
 */

export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent'

export interface Quantity {
  readonly nanos: bigint
  readonly format: QuantityFormat
}

/** A text that is no quantity. */
export class QuantityError extends Error {
  override readonly name = 'QuantityError'
}

const wrongFormat = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
const wrongNumber = 'unable to parse numeric part of quantity'
const wrongSuffix = "unable to parse quantity's suffix"

const decimalExponents: { readonly [suffix: string]: number } = {
  n: -9,
  u: -6,
  m: -3,
  '': 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
}
const binaryExponents: { readonly [suffix: string]: number } = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 }
const decimalSuffixes = new Map(Object.entries(decimalExponents).map(([suffix, exponent]) => [exponent, suffix]))
const binarySuffixes = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']

export const nanosPerUnit = 1_000_000_000n
const largest = (2n ** 63n - 1n) * nanosPerUnit
// Upstream keeps any exponent; beyond this one only hostile input goes, and numbers would fill the memory.
const farthestExponent = 1000
const mostDigits = 1000

const syntax = /^([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[+-]?[0-9]*)$/

interface Parts {
  readonly negative: boolean
  readonly whole: string
  readonly fraction: string
  readonly base: 2 | 10
  readonly exponent: number
  readonly format: QuantityFormat
}

function split(text: string): Parts {
  const match = text === '' ? null : syntax.exec(text)
  if (!match) throw new QuantityError(wrongFormat)
  const [, sign = '', padded = '', fraction = '', suffix = ''] = match
  const whole = padded.replace(/^0+/, '')
  if (whole.length + fraction.length > mostDigits) throw new QuantityError(wrongNumber)
  const parts = { negative: sign === '-', whole, fraction }
  const decimal = Object.hasOwn(decimalExponents, suffix) ? decimalExponents[suffix] : undefined
  if (decimal !== undefined) return { ...parts, base: 10, exponent: decimal, format: 'DecimalSI' }
  const binary = Object.hasOwn(binaryExponents, suffix) ? binaryExponents[suffix] : undefined
  if (binary !== undefined) return { ...parts, base: 2, exponent: binary, format: 'BinarySI' }
  const written = /^[eE]([+-]?[0-9]+)$/.exec(suffix)?.[1]
  const exponent = Number(written)
  if (written === undefined || Math.abs(exponent) > farthestExponent) throw new QuantityError(wrongSuffix)
  return { ...parts, base: 10, exponent, format: 'DecimalExponent' }
}

// The same few amounts come again and again.
const parsed = new Map<string, Quantity>()
const rememberedTexts = 1024
const longestRemembered = 24

/** Reads a quantity; numbers are taken as their decimal text. Throws `QuantityError` with upstream's message. */
export function parseQuantity(input: string | number): Quantity {
  const text = String(input)
  const known = parsed.get(text)
  if (known) return known
  const quantity = readQuantity(text)
  if (parsed.size >= rememberedTexts) parsed.clear()
  if (text.length <= longestRemembered) parsed.set(text, quantity)
  return quantity
}

function readQuantity(text: string): Quantity {
  const plain = plainParts(text)
  if (plain) {
    const { count, unit } = plain
    return { nanos: BigInt(count) * unit.nanos, format: unit.kind === 'binary' ? 'BinarySI' : 'DecimalSI' }
  }
  const { negative, whole, fraction, base, exponent, format } = split(text)
  if (whole === '' && !/[0-9]/.test(text)) throw new QuantityError(wrongNumber)
  const digits = BigInt(whole + fraction || '0')
  // Upstream counts short decimals in a machine word of any scale and caps only what does not fit.
  const short = base === 10 && whole.length + fraction.length <= 18 && exponent - fraction.length >= -9
  let nanos: bigint
  if (base === 2) nanos = divideUp(digits * 2n ** BigInt(exponent) * nanosPerUnit, 10n ** BigInt(fraction.length))
  else {
    const scale = exponent - fraction.length + 9
    nanos = scale >= 0 ? digits * 10n ** BigInt(scale) : divideUp(digits, 10n ** BigInt(-scale))
  }
  if (!short && nanos > largest) nanos = largest
  const fine = format === 'BinarySI' && nanos > 0n && nanos < nanosPerUnit
  return { nanos: negative ? -nanos : nanos, format: fine ? 'DecimalSI' : format }
}

/** Whether `text` is a quantity. */
export function isQuantity(text: string): boolean {
  try {
    parseQuantity(text)
    return true
  } catch {
    return false
  }
}

/** Quotient of counts, rounded up. */
export const divideUp = (value: bigint, by: bigint): bigint => (value + by - 1n) / by

export type Unit = { readonly kind: 'decimal' | 'binary'; readonly nanos: bigint; readonly factor: number }
const units: { readonly [suffix: string]: Unit } = Object.fromEntries([
  ...Object.entries(decimalExponents).map(([suffix, exponent]) => [
    suffix,
    { kind: 'decimal', nanos: 10n ** BigInt(exponent + 9), factor: 10 ** exponent },
  ]),
  ...Object.entries(binaryExponents)
    .slice(0, -1)
    .map(([suffix, exponent]) => [
      suffix,
      { kind: 'binary', nanos: 2n ** BigInt(exponent) * nanosPerUnit, factor: 2 ** exponent },
    ]),
])

/** The common form, digits and a suffix, without regular expressions and big numbers; undefined for all others. */
export function plainParts(text: string): { count: number; unit: Unit } | undefined {
  let at = 0
  let count = 0
  for (; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 48
    if (digit < 0 || digit > 9) break
    count = count * 10 + digit
  }
  if (at === 0 || at > 15) return undefined
  const suffix = text.slice(at)
  if (suffix.length > 2 || !Object.hasOwn(units, suffix)) return undefined
  const unit = units[suffix]
  // Near the cap of 2^63-1 only the exact way decides.
  return unit && (unit.kind === 'decimal' || count * unit.factor < 2 ** 62) ? { count, unit } : undefined
}

/** The canonical text: `0.5` as `500m`, `1.5Gi` as `1536Mi`, `1024Mi` as `1Gi`, `12e6` as it is. */
export function formatQuantity({ nanos, format }: Quantity): string {
  if (nanos === 0n) return '0'
  const negative = nanos < 0n
  const magnitude = negative ? -nanos : nanos
  const sign = negative ? '-' : ''
  if (format === 'BinarySI' && magnitude >= 1024n * nanosPerUnit && magnitude % nanosPerUnit === 0n) {
    let count = magnitude / nanosPerUnit
    let step = 0
    for (; step < binarySuffixes.length - 1 && count % 1024n === 0n; step++) count /= 1024n
    return `${sign}${count}${binarySuffixes[step]}`
  }
  let count = magnitude
  let exponent = -9
  while (count % 1000n === 0n) {
    count /= 1000n
    exponent += 3
  }
  const suffix = decimalSuffixes.get(exponent)
  if (format === 'DecimalExponent' || suffix === undefined) return `${sign}${count}${exponent ? `e${exponent}` : ''}`
  return `${sign}${count}${suffix}`
}

/** The canonical text of a quantity's text. Throws `QuantityError`. */
export function canonicalQuantity(input: string | number): string {
  const text = String(input)
  const plain = plainParts(text)
  if (plain && text.charCodeAt(0) !== 48) {
    const { count, unit } = plain
    if (count % (unit.kind === 'decimal' ? 1000 : 1024) !== 0) return text
  }
  return formatQuantity(parseQuantity(text))
}
