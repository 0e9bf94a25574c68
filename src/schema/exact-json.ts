import { randomUUID } from 'node:crypto'

/*
 * Numbers of JSON have as many digits as one likes, those of JavaScript some sixteen. Upstream keeps whole numbers as far
 * as 64 bits reach, and so do we: those that a number would round are bigints. They are rare, and nobody else pays for
 * them: what has none is read and written by JSON.parse and JSON.stringify alone.
 */

/** Stands before the digits of such a number while it goes through JSON.parse or JSON.stringify as a text. */
const mark = `exact ${randomUUID()} `
const marked = new RegExp(`"${mark}(-?\\d+)"`, 'g')

let met = false

// Whoever writes JSON in another way gets a number still, if a rounded one.
Object.defineProperty(BigInt.prototype, 'toJSON', {
  value(this: bigint): number {
    met = true
    return Number(this)
  },
  configurable: true,
  writable: true,
})

/** Reads JSON; whole numbers of 64 bits that a number would round are bigints. Throws as JSON.parse does. */
export const parseExactJson = (text: string): unknown =>
  hasManyDigits(text) ? parseMarked(text) : (JSON.parse(text) as unknown)

type Replacer = (key: string, value: unknown) => unknown

/** Writes JSON, bigints with all their digits; otherwise as JSON.stringify does. */
export function exactJson(value: unknown, replacer?: Replacer, indent?: number): string {
  met = false
  const text = JSON.stringify(value, replacer, indent)
  return met ? markedJson(value, replacer, indent) : text
}

function markedJson(value: unknown, replacer: Replacer | undefined, indent: number | undefined): string {
  const text = JSON.stringify(
    value,
    function (this: { readonly [key: string]: unknown }, key, made) {
      // What is made of a bigint is a number already; who holds it still has it.
      const held = this[key]
      if (typeof held === 'bigint') return mark + held
      return replacer ? replacer(key, made) : made
    },
    indent,
  )
  return text.replace(marked, '$1')
}

const fewestDigits = 16

/** Whether there may be a number that is rounded. Of so many digits in a row one is looked at, whereever they begin. */
export function hasManyDigits(text: string): boolean {
  for (let at = fewestDigits - 1; at < text.length; at += fewestDigits) {
    if (!isDigit(text, at)) continue
    let begin = at
    while (isDigit(text, begin - 1)) begin--
    let end = at + 1
    while (isDigit(text, end)) end++
    if (end - begin >= fewestDigits) return true
    at = end - (end % fewestDigits) - 1
  }
  return false
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code >= 0x30 && code <= 0x39
}

function parseMarked(text: string): unknown {
  const value: unknown = JSON.parse(text)
  let copied = 0
  let copy = ''
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === quote) at = endOfString(text, at)
    else if (code === minus || isDigit(text, at)) {
      let end = at + 1
      while (isDigit(text, end) || '.eE+-'.includes(text[end] ?? ' ')) end++
      if (end - at >= fewestDigits && isRounded(text.slice(at, end))) {
        copy += `${text.slice(copied, at)}"${mark}${text.slice(at, end)}"`
        copied = end
      }
      at = end - 1
    }
  }
  if (copied === 0) return value
  return JSON.parse(copy + text.slice(copied), (_key, part: unknown) =>
    typeof part === 'string' && part.startsWith(mark) ? BigInt(part.slice(mark.length)) : part,
  )
}

const quote = 0x22
const backslash = 0x5c
const minus = 0x2d

/** The position of the quote that closes the string opened at `start`. */
function endOfString(text: string, start: number): number {
  let at = start + 1
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === backslash) at++
    else if (code === quote) break
  }
  return at
}

/** Whether a number is whole and within 64 bits, but too long to be held exactly. */
function isRounded(number: string): boolean {
  if (!/^-?\d{16,19}$/.test(number) || Number.isSafeInteger(Number(number))) return false
  const exact = BigInt(number)
  return BigInt.asIntN(64, exact) === exact
}
