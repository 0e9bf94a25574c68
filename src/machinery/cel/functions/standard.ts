import {
  checkedDuration,
  checkedTimestamp,
  durationOf,
  durationText,
  timestampOf,
  timestampText,
  unixSeconds,
} from '../time.js'
import {
  CelError,
  type CelValue,
  celCompare,
  celEqual,
  concatenated,
  type Duration,
  type ListValue,
  type MapValue,
  sizeOf,
  type Timestamp,
  TypeValue,
  typeNameOf,
  Uint,
} from '../values.js'
import { declare, type FunctionDeclaration, type Signatures } from './declare.js'
import { matches } from './regex.js'

const largestInt = 2n ** 63n - 1n
const largestUint = 2n ** 64n - 1n
const overflow = (kind: string): CelError => new CelError(`${kind} overflow`)

export function checkedInt(value: bigint): bigint {
  if (value > largestInt || value < -largestInt - 1n) throw new CelError('return error for overflow')
  return value
}

function checkedUint(value: bigint): Uint {
  if (value < 0n || value > largestUint) throw new CelError('return error for overflow')
  return new Uint(value)
}

function notZero(divisor: bigint, what: string): bigint {
  if (divisor === 0n) throw new CelError(`${what} by zero`)
  return divisor
}

const arithmetic: Signatures = {
  '_+_(int, int): int': (a: bigint, b: bigint) => checkedInt(a + b),
  '_+_(uint, uint): uint': (a: Uint, b: Uint) => checkedUint(a.value + b.value),
  '_+_(double, double): double': (a: number, b: number) => a + b,
  '_+_(string, string): string': (a: string, b: string) => a + b,
  '_+_(bytes, bytes): bytes': (a: Uint8Array, b: Uint8Array) => new Uint8Array([...a, ...b]),
  '_+_(list(A), list(A)): list(A)': (a: ListValue, b: ListValue) => concatenated(a, b),
  '_+_(timestamp, duration): timestamp': (a: Timestamp, b: Duration) => checkedTimestamp(a.nanos + b.nanos),
  '_+_(duration, timestamp): timestamp': (a: Duration, b: Timestamp) => checkedTimestamp(a.nanos + b.nanos),
  '_+_(duration, duration): duration': (a: Duration, b: Duration) => checkedDuration(a.nanos + b.nanos),
  '_-_(int, int): int': (a: bigint, b: bigint) => checkedInt(a - b),
  '_-_(uint, uint): uint': (a: Uint, b: Uint) => checkedUint(a.value - b.value),
  '_-_(double, double): double': (a: number, b: number) => a - b,
  '_-_(timestamp, timestamp): duration': (a: Timestamp, b: Timestamp) => checkedDuration(a.nanos - b.nanos),
  '_-_(timestamp, duration): timestamp': (a: Timestamp, b: Duration) => checkedTimestamp(a.nanos - b.nanos),
  '_-_(duration, duration): duration': (a: Duration, b: Duration) => checkedDuration(a.nanos - b.nanos),
  '_*_(int, int): int': (a: bigint, b: bigint) => checkedInt(a * b),
  '_*_(uint, uint): uint': (a: Uint, b: Uint) => checkedUint(a.value * b.value),
  '_*_(double, double): double': (a: number, b: number) => a * b,
  '_/_(int, int): int': (a: bigint, b: bigint) => checkedInt(a / notZero(b, 'division')),
  '_/_(uint, uint): uint': (a: Uint, b: Uint) => new Uint(a.value / notZero(b.value, 'division')),
  '_/_(double, double): double': (a: number, b: number) => a / b,
  '_%_(int, int): int': (a: bigint, b: bigint) => checkedInt(a % notZero(b, 'modulus')),
  '_%_(uint, uint): uint': (a: Uint, b: Uint) => new Uint(a.value % notZero(b.value, 'modulus')),
  '-_(int): int': (a: bigint) => checkedInt(-a),
  '-_(double): double': (a: number) => -a,
  '!_(bool): bool': (a: boolean) => !a,
}

const comparisons = (): Signatures => {
  const all: { [signature: string]: (a: CelValue, b: CelValue) => boolean } = {
    '_==_(A, A): bool': celEqual,
    '_!=_(A, A): bool': (a, b) => !celEqual(a, b),
  }
  const numbers = ['int', 'uint', 'double']
  const pairs = [
    ...numbers.flatMap(a => numbers.map(b => [a, b])),
    ...['string', 'bool', 'bytes', 'timestamp', 'duration'].map(type => [type, type]),
  ]
  const tests: { readonly [operator: string]: (order: number) => boolean } = {
    '_<_': order => order < 0,
    '_<=_': order => order <= 0,
    '_>_': order => order > 0,
    '_>=_': order => order >= 0,
  }
  for (const [operator, test] of Object.entries(tests))
    for (const [left, right] of pairs)
      all[`${operator}(${left}, ${right}): bool`] = (a, b) => test(celCompare(a, b) ?? Number.NaN)
  return all
}

const size = (value: CelValue): bigint => BigInt(sizeOf(value) ?? 0)

function contains(list: ListValue, value: CelValue): boolean {
  for (const item of list) if (celEqual(item, value)) return true
  return false
}

const collections: Signatures = {
  'size(string): int': size,
  'size(bytes): int': size,
  'size(list(A)): int': size,
  'size(map(A, B)): int': size,
  'string.size(): int': size,
  'bytes.size(): int': size,
  'list(A).size(): int': size,
  'map(A, B).size(): int': size,
  '@in(A, list(A)): bool': (value: CelValue, list: ListValue) => contains(list, value),
  '@in(A, map(A, B)): bool': (key: CelValue, map: MapValue) => map.get(key) !== undefined,
}

const texts: Signatures = {
  'string.contains(string): bool': (a: string, b: string) => a.includes(b),
  'string.startsWith(string): bool': (a: string, b: string) => a.startsWith(b),
  'string.endsWith(string): bool': (a: string, b: string) => a.endsWith(b),
  'string.matches(string): bool': matches,
  'matches(string, string): bool': matches,
}

/** A double as Go prints it with as few digits as it takes. */
export function doubleText(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  if (Object.is(value, -0)) return '-0'
  const exponent = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)))
  if (exponent < -4 || exponent >= 21) {
    const [mantissa, power = '0'] = value.toExponential().split('e')
    const magnitude = power.replace(/^[+-]/, '').padStart(2, '0')
    return `${mantissa}e${power.startsWith('-') ? '-' : '+'}${magnitude}`
  }
  return String(value)
}

function wholeNumber(value: number): bigint {
  if (!Number.isFinite(value) || value >= 2 ** 63 || value <= -(2 ** 63)) throw overflow('integer')
  return BigInt(Math.trunc(value))
}

function parsedInt(value: string): bigint {
  if (!/^[+-]?\d+$/.test(value))
    throw new CelError(`strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`)
  const parsed = BigInt(value.replace(/^\+/, ''))
  if (parsed > largestInt || parsed < -largestInt - 1n)
    throw new CelError(`strconv.ParseInt: parsing ${JSON.stringify(value)}: value out of range`)
  return parsed
}

function parsedUint(value: string): Uint {
  if (!/^\d+$/.test(value)) throw new CelError(`strconv.ParseUint: parsing ${JSON.stringify(value)}: invalid syntax`)
  return checkedUint(BigInt(value))
}

function parsedDouble(value: string): number {
  const special: { readonly [text: string]: number } = {
    nan: Number.NaN,
    inf: Infinity,
    '+inf': Infinity,
    '-inf': -Infinity,
  }
  const known = special[value.toLowerCase()]
  if (known !== undefined) return known
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(value))
    throw new CelError(`strconv.ParseFloat: parsing ${JSON.stringify(value)}: invalid syntax`)
  return Number(value)
}

function parsedBool(value: string): boolean {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(value)) return true
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(value)) return false
  throw new CelError(`strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`)
}

function utf8(value: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(value)
  } catch {
    throw new CelError('invalid UTF-8 in bytes, cannot convert to string')
  }
}

const same = <T extends CelValue>(value: T): T => value

const conversions: Signatures = {
  'int(int): int': same,
  'int(uint): int': ({ value }: Uint) => {
    if (value > largestInt) throw overflow('integer')
    return value
  },
  'int(double): int': wholeNumber,
  'int(string): int': parsedInt,
  'int(timestamp): int': unixSeconds,
  'int(duration): int': ({ nanos }: Duration) => nanos,
  'uint(uint): uint': same,
  'uint(int): uint': (value: bigint) => {
    if (value < 0n) throw overflow('unsigned integer')
    return new Uint(value)
  },
  'uint(double): uint': (value: number) => {
    if (!(value >= 0 && value < 2 ** 64)) throw overflow('unsigned integer')
    return new Uint(BigInt(Math.trunc(value)))
  },
  'uint(string): uint': parsedUint,
  'double(double): double': same,
  'double(int): double': Number,
  'double(uint): double': ({ value }: Uint) => Number(value),
  'double(string): double': parsedDouble,
  'string(string): string': same,
  'string(bool): string': String,
  'string(int): string': String,
  'string(uint): string': ({ value }: Uint) => String(value),
  'string(double): string': doubleText,
  'string(bytes): string': utf8,
  'string(timestamp): string': timestampText,
  'string(duration): string': durationText,
  'bytes(bytes): bytes': same,
  'bytes(string): bytes': (value: string) => new Uint8Array(Buffer.from(value)),
  'bool(bool): bool': same,
  'bool(string): bool': parsedBool,
  'timestamp(timestamp): timestamp': same,
  'timestamp(int): timestamp': (seconds: bigint) => checkedTimestamp(seconds * 1_000_000_000n),
  'timestamp(string): timestamp': (value: string) => {
    const time = timestampOf(value)
    if (!time) throw new CelError(`parsing time ${JSON.stringify(value)}: cannot parse it as RFC 3339`)
    return time
  },
  'duration(duration): duration': same,
  'duration(int): duration': (nanos: bigint) => checkedDuration(nanos),
  'duration(string): duration': (value: string) => {
    const parsed = durationOf(value)
    if (!parsed) throw new CelError(`time: invalid duration ${JSON.stringify(value)}`)
    return parsed
  },
  'dyn(A): dyn': same,
  'type(A): type': (value: CelValue) => new TypeValue(typeNameOf(value)),
}

/** CEL's own functions and operators but those that the evaluator knows: `&&`, `||`, `?:`, indexing. */
export const standardFunctions: readonly FunctionDeclaration[] = declare({
  ...arithmetic,
  ...comparisons(),
  ...collections,
  ...texts,
  ...conversions,
})
