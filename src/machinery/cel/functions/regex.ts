import { CelError, ListValue } from '../values.js'
import { declare } from './declare.js'

const known = new Map<string, RegExp>()
const mostKnown = 1000

/** RE2 syntax that JavaScript spells otherwise. */
function translated(pattern: string): { readonly source: string; readonly flags: string } {
  let flags = 'u'
  let source = pattern
  const leading = /^\(\?([imsU]+)\)/.exec(source)
  if (leading) {
    for (const flag of leading[1] ?? '') if ('ims'.includes(flag)) flags += flag
    source = source.slice(leading[0].length)
  }
  let inClass = false
  let out = ''
  for (let at = 0; at < source.length; at++) {
    const rest = source.slice(at)
    if (source[at] === '\\') {
      const next = source[at + 1] ?? ''
      if (!inClass && next === 'A') out += '^'
      else if (!inClass && next === 'z') out += '$'
      else if (next === 'Q') {
        const end = source.indexOf('\\E', at)
        const quoted = source.slice(at + 2, end < 0 ? undefined : end)
        out += quoted.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
        at = end < 0 ? source.length : end + 1
        continue
      } else if (next === 'a') out += '\\x07'
      else if (next === 'x' && source[at + 2] === '{') {
        const end = source.indexOf('}', at)
        out += `\\u{${source.slice(at + 3, end)}}`
        at = end
        continue
      } else if (/[pP]/.test(next) && /^[A-Z]$/.test(source[at + 2] ?? '')) {
        out += `\\${next}{${source[at + 2]}}`
        at += 2
        continue
      } else if (/[\\^$.*+?()[\]{}|/bBdDsSwWnrtfvxup]/i.test(next) || /\d/.test(next)) out += `\\${next}`
      // In JavaScript's Unicode mode only what needs it may be escaped.
      else out += next === '-' ? (inClass ? '\\-' : '-') : next
      at++
    } else if (inClass) {
      const posix = /^\[:(\^?)(\w+):\]/.exec(rest)
      if (posix) {
        const members = posixClasses[posix[2] ?? '']
        if (!members || posix[1]) throw new SyntaxError(`invalid character class range: \`${posix[0]}\``)
        out += members
        at += posix[0].length - 1
      } else {
        if (source[at] === ']') inClass = false
        out += source[at] === '[' ? '\\[' : source[at]
      }
    } else if (source[at] === '[') {
      inClass = true
      out += '['
      if (source[at + 1] === '^') {
        out += '^'
        at++
      }
      // A bracket that comes first is a member.
      if (source[at + 1] === ']') {
        out += '\\]'
        at++
      }
    } else if (rest.startsWith('(?P<')) {
      out += '(?<'
      at += 3
    } else if (/^\(\?[=!]|^\(\?<[=!]/.test(rest)) throw new SyntaxError('invalid or unsupported Perl syntax')
    else if (source[at] === '{' && !/^\{\d+(,\d*)?\}/.test(rest)) out += '\\{'
    else if (source[at] === '}' && !/\{\d+(,\d*)?$/.test(source.slice(0, at))) out += '\\}'
    else out += source[at]
  }
  return { source: out, flags }
}

const posixClasses: { readonly [name: string]: string } = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\x00-\\x7F',
  blank: '\\t ',
  cntrl: '\\x00-\\x1F\\x7F',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`\\{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
}

/** A regular expression in RE2's syntax; throws SyntaxError. Compiled ones are kept. */
export function compileRegex(pattern: string): RegExp {
  let regex = known.get(pattern)
  if (!regex) {
    const { source, flags } = translated(pattern)
    regex = new RegExp(source, flags)
    if (known.size >= mostKnown) known.clear()
    known.set(pattern, regex)
  }
  return regex
}

/** As `compileRegex`, for expressions: throws CelError. */
export function regexOf(pattern: string): RegExp {
  try {
    return compileRegex(pattern)
  } catch {
    throw new CelError(`error parsing regexp: invalid pattern: \`${pattern}\``)
  }
}

function findAll(value: string, pattern: string, limit = -1n): ListValue {
  const regex = regexOf(pattern)
  const found: string[] = []
  if (limit !== 0n)
    for (const match of value.matchAll(new RegExp(regex, `${regex.flags}g`))) {
      found.push(match[0])
      if (limit > 0n && BigInt(found.length) >= limit) break
    }
  return new ListValue(found)
}

export const regexFunctions = declare({
  'string.find(string): string': (value: string, pattern: string) => regexOf(pattern).exec(value)?.[0] ?? '',
  'string.findAll(string): list(string)': (value: string, pattern: string) => findAll(value, pattern),
  'string.findAll(string, int): list(string)': findAll,
})
