import { exactJson } from '../schema/exact-json.js'

/**
 * How upstream prints values into messages. Clients match on some of these texts, so they are part of the protocol.
 */

const shortEscapes: { readonly [char: string]: string } = {
  '"': '\\"',
  '\\': '\\\\',
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
}

const plainText = /^[ !#-[\]-~]*$/
const printable = /[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u

/** A text in double quotes, escaped as the verb `%q` does. */
export function goQuote(text: string): string {
  if (plainText.test(text)) return `"${text}"`
  let out = '"'
  for (const char of text) {
    const short = shortEscapes[char]
    const code = char.codePointAt(0) ?? 0
    if (short) out += short
    else if (code >= 0xd800 && code <= 0xdfff) out += '\uFFFD'
    else if (printable.test(char)) out += char
    else if (code < 0x80) out += `\\x${code.toString(16).padStart(2, '0')}`
    else if (code < 0x10000) out += `\\u${code.toString(16).padStart(4, '0')}`
    else out += `\\U${code.toString(16).padStart(8, '0')}`
  }
  return `${out}"`
}

/** A floating point number as the verb `%v` writes it: exponent form below 1e-4 and from 1e21 on. */
export function goFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  const magnitude = Math.abs(value)
  if (value === 0 || (magnitude >= 1e-4 && magnitude < 1e21)) return String(value)
  const [mantissa = '', exponent = '0'] = value.toExponential().split('e')
  const digits = exponent.replace(/^[+-]/, '').padStart(2, '0')
  return `${mantissa}e${exponent.startsWith('-') ? '-' : '+'}${digits}`
}

/** Any JSON value as the verb `%v` writes it: `map[a:1 b:[x y]]`, keys sorted, absent as `<nil>`. */
export function goValue(value: unknown): string {
  if (value === null || value === undefined) return '<nil>'
  if (typeof value === 'number') return goFloat(value)
  if (Array.isArray(value)) return `[${value.map(goValue).join(' ')}]`
  if (typeof value === 'object') {
    const entries = Object.entries(value).filter(([, item]) => item !== undefined)
    entries.sort(([a], [b]) => (a < b ? -1 : 1))
    return `map[${entries.map(([key, item]) => `${key}:${goValue(item)}`).join(' ')}]`
  }
  return String(value)
}

const htmlEscapes: { readonly [char: string]: string } = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
}

/**
 * JSON as upstream embeds it into messages, with `<`, `>` and `&` escaped: compact, or a line for each value with so many
 * blanks a level. Keys stay in the order they have.
 */
export function goJson(value: unknown, indent = 0): string {
  const text = exactJson(value, undefined, indent) ?? 'null'
  return /[<>&\u2028\u2029]/.test(text) ? text.replace(/[<>&\u2028\u2029]/g, char => htmlEscapes[char] ?? char) : text
}

/** The names of the JSON types as decoding errors use them: `cannot unmarshal array into ...`. */
export function jsonTypeName(value: unknown): 'null' | 'bool' | 'number' | 'string' | 'array' | 'object' {
  if (value === null || value === undefined) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'boolean') return 'bool'
  return typeof value === 'bigint' ? 'number' : (typeof value as 'number' | 'string' | 'object')
}
