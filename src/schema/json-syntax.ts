/** What is wrong with text that is no JSON, worded as Go's parser words it. Linear in the length of the text. */
export function describeSyntaxError(text: string): string {
  const open: string[] = []
  let at = 0
  let state: 'value' | 'valueOrEnd' | 'key' | 'keyOrEnd' | 'colon' | 'after' = 'value'
  const skipSpace = () => {
    while (isSpace(text.charCodeAt(at))) at++
  }
  for (;;) {
    skipSpace()
    if (at >= text.length && !(state === 'after' && open.length === 0)) return unexpectedEnd
    const char = text[at] ?? ''
    switch (state) {
      case 'valueOrEnd':
      case 'value':
        if (char === '{' || char === '[') {
          open.push(char)
          state = char === '{' ? 'keyOrEnd' : 'valueOrEnd'
          at++
        } else if (char === ']' && state === 'valueOrEnd') {
          open.pop()
          state = 'after'
          at++
        } else {
          const failure = scanScalar(text, at)
          if (typeof failure === 'string') return failure
          at = failure
          state = 'after'
        }
        break
      case 'keyOrEnd':
      case 'key':
        if (char === '}' && state === 'keyOrEnd') {
          open.pop()
          state = 'after'
          at++
        } else if (char !== '"') return invalid(text, at, 'looking for beginning of object key string')
        else {
          const failure = scanString(text, at)
          if (typeof failure === 'string') return failure
          at = failure
          state = 'colon'
        }
        break
      case 'colon':
        if (char !== ':') return invalid(text, at, 'after object key')
        state = 'value'
        at++
        break
      case 'after': {
        const inside = open.at(-1)
        if (inside === undefined) {
          if (at < text.length) return invalid(text, at, 'after top-level value')
          return 'invalid JSON'
        }
        if (char === ',') state = inside === '{' ? 'key' : 'value'
        else if (char === (inside === '{' ? '}' : ']')) open.pop()
        else return invalid(text, at, inside === '{' ? 'after object key:value pair' : 'after array element')
        at++
      }
    }
  }
}

const unexpectedEnd = 'unexpected end of JSON input'

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}

function invalid(text: string, at: number, context: string): string {
  return at >= text.length ? unexpectedEnd : `invalid character ${quoted(text, at)} ${context}`
}

/** Go reads bytes: of a character beyond ASCII it shows the first byte as if it were Latin-1. */
function quoted(text: string, at: number): string {
  const code = Buffer.from(String.fromCodePoint(text.codePointAt(at) ?? 0))[0] ?? 0
  if (code === 0x27) return "'\\''"
  if (code === 0x22) return `'"'`
  const named: { readonly [code: number]: string } = {
    7: 'a',
    8: 'b',
    9: 't',
    10: 'n',
    11: 'v',
    12: 'f',
    13: 'r',
    92: '\\',
  }
  if (named[code] !== undefined) return `'\\${named[code]}'`
  if (code < 0x20 || code === 0x7f) return `'\\x${code.toString(16).padStart(2, '0')}'`
  return code >= 0x80 && code < 0xa1 ? `'\\u${code.toString(16).padStart(4, '0')}'` : `'${String.fromCharCode(code)}'`
}

/** The position behind the scalar at `start`, or what is wrong with it. */
function scanScalar(text: string, start: number): number | string {
  const char = text[start] ?? ''
  if (char === '"') return scanString(text, start)
  if (char === '-' || (char >= '0' && char <= '9')) return scanNumber(text, start)
  for (const word of ['true', 'false', 'null']) if (char === word[0]) return scanWord(text, start, word)
  return invalid(text, start, 'looking for beginning of value')
}

function scanWord(text: string, start: number, word: string): number | string {
  for (let i = 1; i < word.length; i++)
    if (text[start + i] !== word[i]) return invalid(text, start + i, `in literal ${word} (expecting '${word[i]}')`)
  return start + word.length
}

function scanString(text: string, start: number): number | string {
  for (let at = start + 1; ; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22) return at + 1
    if (Number.isNaN(code)) return unexpectedEnd
    if (code < 0x20) return invalid(text, at, 'in string literal')
    if (code !== 0x5c) continue
    at++
    const escaped = text[at] ?? ''
    if (escaped === 'u') {
      for (let i = 0; i < 4; i++) {
        at++
        if (!/[0-9a-fA-F]/.test(text[at] ?? '')) return invalid(text, at, 'in \\u hexadecimal character escape')
      }
    } else if (escaped === '' || !'bfnrt\\/"'.includes(escaped)) return invalid(text, at, 'in string escape code')
  }
}

function scanNumber(text: string, start: number): number | string {
  let at = start
  const isDigit = () => {
    const code = text.charCodeAt(at)
    return code >= 0x30 && code <= 0x39
  }
  const digits = () => {
    while (isDigit()) at++
  }
  if (text[at] === '-') at++
  if (!isDigit()) return invalid(text, at, 'in numeric literal')
  if (text[at] === '0') at++
  else digits()
  if (text[at] === '.') {
    at++
    if (!isDigit()) return invalid(text, at, 'after decimal point in numeric literal')
    digits()
  }
  if (text[at] === 'e' || text[at] === 'E') {
    at++
    if (text[at] === '+' || text[at] === '-') at++
    if (!isDigit()) return invalid(text, at, 'in exponent of numeric literal')
    digits()
  }
  return at
}
