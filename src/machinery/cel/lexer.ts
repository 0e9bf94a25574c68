import type { CelIssue } from './source.js'

export type TokenKind = 'int' | 'uint' | 'double' | 'string' | 'bytes' | 'ident' | 'op' | 'end'

export interface Token {
  readonly kind: TokenKind
  /** As written; of an identifier in backticks, what is between them. */
  readonly text: string
  readonly offset: number
  /** Of literals. */
  readonly value?: bigint | number | string | Uint8Array
  readonly quoted?: boolean
}

/** The expression cannot be parsed. */
export class CelSyntaxError extends Error {
  constructor(readonly issue: CelIssue) {
    super(issue.message)
  }
}

const number = /0x[0-9a-fA-F]+u?|(?:\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?|\d+[uU]?)/y
const word = /[_a-zA-Z][_a-zA-Z0-9]*/y
const escaped = /`[a-zA-Z0-9_.\-/ ]+`/y
const space = /(?:[\t\r\n\f ]+|\/\/[^\n]*)+/y
const operator = /==|!=|<=|>=|&&|\|\||[-+*/%<>!?:.,()[\]{}]/y
const stringStart = /(?:[rR][bB]?|[bB][rR]?)?("""|'''|"|')/y

/** Splits an expression into tokens; throws CelSyntaxError. */
export function tokensOf(source: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    return pattern.exec(source)
  }
  while (at < source.length) {
    const gap = match(space)
    if (gap) {
      at += gap[0].length
      continue
    }
    const offset = at
    const start = match(stringStart)
    if (start) {
      const token = readString(source, offset, start)
      tokens.push(token)
      at = offset + token.text.length
      continue
    }
    const digits = match(number)
    if (digits && !(digits[0].startsWith('.') && afterOperand(tokens))) {
      tokens.push(numberToken(digits[0], offset))
      at += digits[0].length
      continue
    }
    const found = match(word)
    if (found) {
      tokens.push({ kind: 'ident', text: found[0], offset })
      at += found[0].length
      continue
    }
    const backticks = match(escaped)
    if (backticks) {
      tokens.push({ kind: 'ident', text: backticks[0].slice(1, -1), offset, quoted: true })
      at += backticks[0].length
      continue
    }
    const op = match(operator)
    if (!op) throw unrecognized(source[at] ?? '', offset)
    tokens.push({ kind: 'op', text: op[0], offset })
    at += op[0].length
  }
  tokens.push({ kind: 'end', text: '<EOF>', offset: source.length })
  return tokens
}

/** Whether a dot here selects a field rather than beginning a number. */
function afterOperand(tokens: readonly Token[]): boolean {
  const last = tokens.at(-1)
  return last !== undefined && (last.kind !== 'op' || last.text === ')' || last.text === ']' || last.text === '}')
}

const unrecognized = (text: string, offset: number): CelSyntaxError =>
  new CelSyntaxError({ offset, message: `Syntax error: token recognition error at: '${text}'` })

const maxInt = 2n ** 63n

function numberToken(text: string, offset: number): Token {
  if (/[uU]$/.test(text)) {
    const value = BigInt(text.slice(0, -1))
    if (value >= 2n * maxInt) throw new CelSyntaxError({ offset, message: 'invalid uint literal' })
    return { kind: 'uint', text, offset, value }
  }
  if (!text.startsWith('0x') && /[.eE]/.test(text)) return { kind: 'double', text, offset, value: Number(text) }
  const value = BigInt(text)
  // The least integer is written with a minus sign in front.
  if (value > maxInt) throw new CelSyntaxError({ offset, message: 'invalid int literal' })
  return { kind: 'int', text, offset, value }
}

function readString(source: string, offset: number, start: RegExpExecArray): Token {
  const quote = start[1] ?? '"'
  const prefix = start[0].slice(0, -quote.length).toLowerCase()
  const raw = prefix.includes('r')
  const isBytes = prefix.includes('b')
  const multiline = quote.length === 3
  let text = ''
  let at = offset + start[0].length
  for (;;) {
    const char = source[at]
    if (char === undefined || (!multiline && (char === '\n' || char === '\r')))
      throw unrecognized(source.slice(offset, at), offset)
    if (source.startsWith(quote, at)) break
    if (char !== '\\' || raw) {
      text += isBytes ? Buffer.from(codePointAt(source, at)).toString('latin1') : codePointAt(source, at)
      at += codePointAt(source, at).length
      continue
    }
    const [value, length] = readEscape(source, at, isBytes)
    text += value
    at += length
  }
  const whole = source.slice(offset, at + quote.length)
  if (!isBytes) return { kind: 'string', text: whole, offset, value: text }
  return { kind: 'bytes', text: whole, offset, value: new Uint8Array(Buffer.from(text, 'latin1')) }
}

const codePointAt = (source: string, at: number): string => String.fromCodePoint(source.codePointAt(at) ?? 0)

/** What a letter behind a backslash stands for, in CEL as in Go. */
export const simpleEscapes: { readonly [char: string]: string } = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '`': '`',
  '?': '?',
}

const coded = /\\(?:x([0-9a-fA-F]{2})|X([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2}))/y

/** The text that an escape stands for (bytes as Latin-1) and its length in the source. */
function readEscape(source: string, at: number, isBytes: boolean): readonly [string, number] {
  const simple = simpleEscapes[source[at + 1] ?? '']
  if (simple !== undefined) return [simple, 2]
  coded.lastIndex = at
  const match = coded.exec(source)
  if (!match) throw unrecognized(source.slice(at, at + 2), at)
  const [whole, x, upperX, u, upperU, octal] = match
  if (isBytes && (u ?? upperU) !== undefined) throw unrecognized(whole, at)
  const code = octal === undefined ? Number.parseInt(x ?? upperX ?? u ?? upperU ?? '', 16) : Number.parseInt(octal, 8)
  if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
    throw new CelSyntaxError({ offset: at, message: `invalid unicode code point` })
  return [String.fromCodePoint(code), whole.length]
}
