/** How a text is written. */
export type ScalarStyle = 'plain' | 'single' | 'double' | 'literal'

const words =
  /^(?:|~|null|Null|NULL|y|Y|yes|Yes|YES|n|N|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/
const integer = /^[-+]?(?:0[xX][\da-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9]\d*)$/
const float = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/
const sexagesimal = /^[-+]?\d[\d_]*(?::[0-5]?\d)+(?:\.[\d_]*)?$/
const timestamp =
  /^\d{4}-\d\d?-\d\d?(?:(?:[Tt]\d\d?:\d\d?:\d\d?(?:\.\d+)?(?:Z|[-+]\d\d:\d\d))|(?: \d\d?:\d\d?:\d\d?(?:\.\d+)?))?$/

/** Whether a text without quotes would be read as something else than a text. */
function isAmbiguous(text: string): boolean {
  if (words.test(text)) return true
  if (!/^[-+.\d]/.test(text)) return false
  const plain = text.replaceAll('_', '')
  return integer.test(plain) || float.test(plain) || sexagesimal.test(text) || timestamp.test(text)
}

const isBreak = (char: string): boolean => /^[\r\n\x85\u2028\u2029]$/.test(char)
const isBlank = (char: string | undefined): boolean => char === ' ' || char === '\t'

/** What goes into a document as it is: neither control characters nor what needs more than 16 bits. */
const isPrintable = (char: string): boolean => /^[\n\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd]$/.test(char)

const alwaysIndicators = new Set([...'#,[]{}&*!|>\'"%@`'])

/** Most texts: nothing in them means anything to YAML. */
const simple = /^[a-z/_\d][-\w./=+]*(?: [\w/][-\w./=+]*)*$/i

/** The style in which a text is written: as plain as it can be. `isKey`: it has to be on one line. */
export function scalarStyle(text: string, isKey: boolean): ScalarStyle {
  if (isAmbiguous(text) && !text.includes('\n')) return 'double'
  if (simple.test(text)) return 'plain'
  const chars = [...text]
  const last = chars.length - 1
  let special = false
  let breaks = false
  let indicators = /^(?:---|\.\.\.)/.test(text)
  let breakThenSpace = false
  let spaceThenBreak = false
  chars.forEach((char, i) => {
    const before = chars[i - 1]
    const followed = i === last || isBlank(chars[i + 1]) || isBreak(chars[i + 1] ?? '')
    if (i === 0 && alwaysIndicators.has(char)) indicators = true
    if (i === 0 && (char === '?' || char === '-') && followed) indicators = true
    if (char === ':' && followed) indicators = true
    if (char === '#' && (isBlank(before) || (before !== undefined && isBreak(before)))) indicators = true
    if (isBreak(char)) {
      breaks = true
      if (before === ' ') spaceThenBreak = true
    } else if (!isPrintable(char)) special = true
    if (char === ' ' && before !== undefined && isBreak(before)) breakThenSpace = true
  })
  const first = chars[0] ?? ''
  const end = chars[last] ?? ''
  if (text.includes('\n')) {
    const block = !isKey && end !== ' ' && !spaceThenBreak && !special
    return block ? 'literal' : 'double'
  }
  if (special || spaceThenBreak || breakThenSpace) return 'double'
  return breaks || indicators || first === ' ' || end === ' ' ? (breaks ? 'double' : 'single') : 'plain'
}

const escapes: { readonly [char: string]: string } = {
  '\0': '0',
  '\x07': 'a',
  '\b': 'b',
  '\t': 't',
  '\n': 'n',
  '\v': 'v',
  '\f': 'f',
  '\r': 'r',
  '\x1b': 'e',
  '"': '"',
  '\\': '\\',
  '\x85': 'N',
  '\xa0': '_',
  '\u2028': 'L',
  '\u2029': 'P',
}

function escaped(char: string): string {
  const short = escapes[char]
  if (short !== undefined) return `\\${short}`
  const hex = (char.codePointAt(0) ?? 0).toString(16).toUpperCase()
  if (hex.length <= 2) return `\\x${hex.padStart(2, '0')}`
  return hex.length <= 4 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`
}

/** Characters of a line after which it is broken at the next space. */
const width = 80

/**
 * Writes a text in a style. `column` is where it begins, `indent` where its further lines do; `isKey`: it stays on one
 * line.
 */
export function scalarText(
  text: string,
  style: ScalarStyle,
  { column, indent, isKey }: { readonly column: number; readonly indent: number; readonly isKey: boolean },
): string {
  if (style === 'literal') return literal(text, indent)
  const short = text.length < width - column - 2
  if (style === 'plain' && (isKey || short)) return text
  if (style === 'single' && (isKey || short)) return `'${text.replaceAll("'", "''")}'`
  const quote = style === 'plain' ? '' : style === 'single' ? "'" : '"'
  const chars = [...text]
  const lines: string[] = []
  let line = quote
  let at = column + quote.length
  let spaces = false
  chars.forEach((char, i) => {
    const next = chars[i + 1]
    if (char === ' ') {
      const inner = style === 'plain' || (i > 0 && i < chars.length - 1)
      if (!isKey && !spaces && at > width && inner && (style === 'double' || next !== ' ')) {
        lines.push(line)
        line = style === 'double' && next === ' ' ? '\\' : ''
        at = indent + line.length
      } else {
        line += char
        at++
      }
      spaces = true
      return
    }
    spaces = false
    const mustEscape = style === 'double' && (char === '"' || char === '\\' || isBreak(char) || !isPrintable(char))
    const written = mustEscape ? escaped(char) : style === 'single' && char === "'" ? "''" : char
    line += written
    at += written.length
  })
  return [...lines, line + quote].join(`\n${' '.repeat(indent)}`)
}

/** Lines as they are, with a mark that says what is at the beginning and the end. */
function literal(text: string, indent: number): string {
  const hint = /^[ \n]/.test(text) ? '2' : ''
  const chomp = !text.endsWith('\n') ? '-' : text === '\n' || text.endsWith('\n\n') ? '+' : ''
  const lines = (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n')
  const margin = ' '.repeat(indent)
  return `|${hint}${chomp}\n${lines.map(line => (line ? margin + line : '')).join('\n')}`
}
