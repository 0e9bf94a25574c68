import { durationText, timestampText } from '../time.js'
import {
  CelError,
  type CelValue,
  Duration,
  ListValue,
  MapValue,
  Timestamp,
  TypeValue,
  typeNameOf,
  Uint,
} from '../values.js'
import { declare } from './declare.js'
import { doubleText } from './standard.js'

/** Characters, as CEL counts them. */
const characters = (value: string): readonly string[] => [...value]

function position(index: bigint, length: number): number {
  if (index < 0n || index > BigInt(length)) throw new CelError(`index out of range: ${index}`)
  return Number(index)
}

function indexOf(value: string, part: string, from = 0n): bigint {
  const chars = characters(value)
  const start = position(from, chars.length)
  if (part === '') return from
  const at = chars.slice(start).join('').indexOf(part)
  return at < 0 ? -1n : BigInt(start + characters(chars.slice(start).join('').slice(0, at)).length)
}

function lastIndexOf(value: string, part: string, from?: bigint): bigint {
  const chars = characters(value)
  const last = from === undefined ? chars.length : position(from, chars.length)
  const wanted = characters(part)
  if (wanted.length === 0) return BigInt(last)
  for (let at = Math.min(last, chars.length - wanted.length); at >= 0; at--)
    if (wanted.every((char, i) => chars[at + i] === char)) return BigInt(at)
  return -1n
}

function substring(value: string, from: bigint, to?: bigint): string {
  const chars = characters(value)
  const start = position(from, chars.length)
  const end = to === undefined ? chars.length : position(to, chars.length)
  if (start > end) throw new CelError(`invalid substring range. start: ${start}, end: ${end}`)
  return chars.slice(start, end).join('')
}

function replace(value: string, part: string, by: string, limit = -1n): string {
  let left = limit < 0n ? Number.POSITIVE_INFINITY : Number(limit)
  if (part === '') {
    const chars = characters(value)
    return [...chars, ''].map(char => (left-- > 0 ? by + char : char)).join('')
  }
  let out = ''
  let at = 0
  while (left-- > 0) {
    const found = value.indexOf(part, at)
    if (found < 0) break
    out += value.slice(at, found) + by
    at = found + part.length
  }
  return out + value.slice(at)
}

function split(value: string, separator: string, limit = -1n): ListValue {
  if (limit === 0n) return new ListValue([])
  if (limit === 1n) return new ListValue([value])
  const parts = separator === '' ? [...value] : value.split(separator)
  if (limit < 0n || BigInt(parts.length) <= limit) return new ListValue(parts)
  const kept = Number(limit) - 1
  return new ListValue([...parts.slice(0, kept), parts.slice(kept).join(separator)])
}

const join = (list: ListValue, separator = ''): string => [...list].map(String).join(separator)

const asciiUpper = (value: string): string => value.replace(/[a-z]/g, char => char.toUpperCase())
const asciiLower = (value: string): string => value.replace(/[A-Z]/g, char => char.toLowerCase())

const escapes: { readonly [char: string]: string } = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
}
const quote = (value: string): string => `"${[...value].map(char => escapes[char] ?? char).join('')}"`

/** How `%s` shows a value. */
function shown(value: CelValue): string {
  if (typeof value === 'string') return value
  if (value === null) return 'null'
  if (typeof value === 'number') return doubleText(value)
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value)
  if (value instanceof Uint) return String(value.value)
  if (value instanceof Uint8Array) return Buffer.from(value).toString()
  if (value instanceof Timestamp) return timestampText(value)
  if (value instanceof Duration) return durationText(value)
  if (value instanceof TypeValue) return value.name
  if (value instanceof ListValue) return `[${[...value].map(shown).join(', ')}]`
  if (value instanceof MapValue)
    return `{${[...value.keys()]
      .map(key => `${shown(key)}: ${shown(value.get(key) ?? null)}`)
      .sort()
      .join(', ')}}`
  throw new CelError(
    `error during formatting: string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps, was given ${typeNameOf(value)}`,
  )
}

const wrong = (what: string, value: CelValue): CelError =>
  new CelError(`error during formatting: ${what}, was given ${typeNameOf(value)}`)

function clause(verb: string, precision: number | undefined, value: CelValue): string {
  switch (verb) {
    case 's':
      return shown(value)
    case 'd':
      if (typeof value === 'bigint') return String(value)
      if (value instanceof Uint) return String(value.value)
      if (typeof value === 'number') return doubleText(value)
      throw wrong('decimal clause can only be used on integers', value)
    case 'f':
    case 'e': {
      const number = value instanceof Uint ? Number(value.value) : Number(value as number | bigint)
      if (!['number', 'bigint'].includes(typeof value) && !(value instanceof Uint))
        throw wrong(`${verb === 'f' ? 'fixed-point' : 'scientific'} clause can only be used on doubles`, value)
      if (verb === 'f') return number.toFixed(precision ?? 6)
      return number.toExponential(precision ?? 6).replace(/e([+-])(\d)$/, 'e$10$2')
    }
    case 'b':
      if (typeof value === 'boolean') return value ? '1' : '0'
      if (typeof value === 'bigint') return value.toString(2)
      if (value instanceof Uint) return value.value.toString(2)
      throw wrong('only integers and bools can be formatted as binary', value)
    case 'o':
      if (typeof value === 'bigint') return value.toString(8)
      if (value instanceof Uint) return value.value.toString(8)
      throw wrong('octal clause can only be used on integers', value)
    case 'x':
    case 'X': {
      const hex = hexOf(value)
      return verb === 'X' ? hex.toUpperCase() : hex
    }
    default:
      throw new CelError(`could not parse formatting clause: unrecognized formatting clause "${verb}"`)
  }
}

function hexOf(value: CelValue): string {
  if (typeof value === 'bigint') return value.toString(16)
  if (value instanceof Uint) return value.value.toString(16)
  if (typeof value === 'string') return Buffer.from(value).toString('hex')
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  throw wrong('only integers, byte buffers, and strings can be formatted as hex', value)
}

function format(pattern: string, args: ListValue): string {
  let next = 0
  return pattern.replace(
    /%(?:%|(?:\.(\d+))?(.?))/gs,
    (whole, precision: string | undefined, verb: string | undefined) => {
      if (whole === '%%') return '%'
      if (next >= args.size) throw new CelError(`index ${next} out of range`)
      return clause(verb ?? '', precision === undefined ? undefined : Number(precision), args.get(next++))
    },
  )
}

/** https://github.com/google/cel-go/tree/master/ext#strings */
export const stringFunctions = declare({
  'string.charAt(int): string': (value: string, index: bigint) => {
    const chars = characters(value)
    return chars[position(index, chars.length)] ?? ''
  },
  'string.indexOf(string): int': indexOf,
  'string.indexOf(string, int): int': indexOf,
  'string.lastIndexOf(string): int': lastIndexOf,
  'string.lastIndexOf(string, int): int': lastIndexOf,
  'string.lowerAscii(): string': asciiLower,
  'string.upperAscii(): string': asciiUpper,
  'string.replace(string, string): string': replace,
  'string.replace(string, string, int): string': replace,
  'string.split(string): list(string)': split,
  'string.split(string, int): list(string)': split,
  'string.substring(int): string': substring,
  'string.substring(int, int): string': substring,
  'string.trim(): string': (value: string) => value.trim(),
  'string.reverse(): string': (value: string) => characters(value).toReversed().join(''),
  'list(string).join(): string': join,
  'list(string).join(string): string': join,
  'string.format(list(dyn)): string': format,
  'strings::quote(string): string': quote,
  'jsonpatch::escapeKey(string): string': (key: string) => key.replaceAll('~', '~0').replaceAll('/', '~1'),
})
