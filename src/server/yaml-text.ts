import { scalarStyle, scalarText } from './yaml-scalar.js'

/** A JSON value as YAML, written as upstream writes it: keys sorted, list items not indented, long texts in lines. */
export function yamlText(value: unknown): string {
  const parts: string[] = []
  writeNode(parts, plainOf(value), { column: 0, indent: 0, from: 'root' })
  parts.push('\n')
  return parts.join('')
}

interface Position {
  /** Where on its line the node begins. */
  readonly column: number
  /** Columns by which the lines of its collection are indented. */
  readonly indent: number
  readonly from: 'root' | 'map' | 'list'
}

/** What JSON makes of a value. */
const plainOf = (value: unknown): unknown =>
  typeof value === 'object' && typeof (value as { toJSON?: unknown } | null)?.toJSON === 'function'
    ? (value as { toJSON(): unknown }).toJSON()
    : value

function writeNode(parts: string[], value: unknown, at: Position): void {
  if (typeof value === 'object' && value !== null) {
    if (Array.isArray(value)) writeList(parts, value, at)
    else writeMap(parts, value, at)
    return
  }
  if (at.from === 'map') parts.push(' ')
  if (typeof value === 'string') {
    const indent = at.from === 'root' ? 2 : at.indent + 2
    const column = at.from === 'map' ? at.column + 1 : at.column
    parts.push(scalarText(value, scalarStyle(value, false), { column, indent, isKey: false }))
  } else parts.push(typeof value === 'number' ? numberText(value) : String(value ?? null))
}

function writeList(parts: string[], items: readonly unknown[], { indent, from }: Position): void {
  if (items.length === 0) return void parts.push(from === 'map' ? ' []' : '[]')
  const own = from === 'list' ? indent + 2 : indent
  items.forEach((item, i) => {
    // A list within a list begins on the line of its item.
    if (i > 0 || from === 'map') parts.push('\n', ' '.repeat(own))
    parts.push('- ')
    writeNode(parts, plainOf(item), { column: own + 2, indent: own, from: 'list' })
  })
}

function writeMap(parts: string[], map: object, { indent, from }: Position): void {
  const own = from === 'root' ? indent : indent + 2
  let first = true
  for (const [key, raw] of Object.entries(map).sort(([a], [b]) => compareKeys(a, b))) {
    const value = plainOf(raw)
    if (value === undefined) continue
    if (!first || from === 'map') parts.push('\n', ' '.repeat(own))
    first = false
    parts.push(writeKey(parts, key, own))
    writeNode(parts, value, { column: own + key.length + 1, indent: own, from: 'map' })
  }
  if (first) parts.push(from === 'map' ? ' {}' : '{}')
}

/** Keys that are longer, or have several lines, are marked as keys, and their value is on a line of its own. */
const longestKey = 128

function writeKey(parts: string[], key: string, indent: number): string {
  if (Buffer.byteLength(key) <= longestKey && !/[\r\n\x85\u2028\u2029]/.test(key))
    return `${scalarText(key, scalarStyle(key, true), { column: indent, indent, isKey: true })}:`
  const text = scalarText(key, scalarStyle(key, false), { column: indent + 2, indent: indent + 2, isKey: false })
  parts.push('? ', text, '\n', ' '.repeat(indent))
  return ':'
}

/** Letters after all else, numbers by their value. */
function compareKeys(a: string, b: string): number {
  const left = [...a]
  const right = [...b]
  for (let i = 0; i < left.length && i < right.length; i++) {
    const x = left[i] ?? ''
    const y = right[i] ?? ''
    if (x === y) continue
    const xIsLetter = /\p{L}/u.test(x)
    const yIsLetter = /\p{L}/u.test(y)
    if (xIsLetter !== yIsLetter) return yIsLetter ? -1 : 1
    if (!xIsLetter) {
      // Zeros count within a number, not in front of one.
      const within = (x === '0' || y === '0') && /[1-9]\d*$/.test(left.slice(0, i).join('')) ? '1' : '0'
      const m = /^\d*/.exec(left.slice(i).join(''))?.[0] ?? ''
      const n = /^\d*/.exec(right.slice(i).join(''))?.[0] ?? ''
      const difference = Number(within + m) - Number(within + n) || m.length - n.length
      if (difference) return difference
    }
    return (x.codePointAt(0) ?? 0) - (y.codePointAt(0) ?? 0)
  }
  return left.length - right.length
}

/** Whole numbers as they are, others with an exponent from a million on. */
function numberText(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e21) return String(value)
  const [digits = '', exponent = '0'] = value.toExponential().split('e')
  const power = Number(exponent)
  if (power >= -4 && power < 6) return String(value)
  return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
}
