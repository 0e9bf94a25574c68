import type { YAMLParseError } from 'yaml'

/**
 * What is wrong with a YAML text, in the words and with the line that clients of Kubernetes know. What the grammar
 * refuses is said to be one line further up than it is, and nothing has a line if that is the first one.
 */
export function yamlFault(text: string, { code, message, pos: [start, end] }: YAMLParseError): string {
  const lines = text.split('\n')
  /** Lines in front of the end of the text. */
  const all = lines.length - (text.endsWith('\n') || text === '' ? 1 : 0)
  const lineOf = (offset: number) => text.slice(0, offset).split('\n').length - 1
  const grammar = (why: string, line = start >= text.trimEnd().length ? all : lineOf(start)) => at(line, why)
  const token = (why: string, line = lineOf(start)) => at(line === 0 ? 0 : line + 1, why)
  if (/^Flow (?:sequence|map)\b.* end with a/.test(message))
    return grammar(`did not find expected ',' or '${message.startsWith('Flow map') ? '}' : ']'}'`)
  if (code === 'BLOCK_AS_IMPLICIT_KEY' || code === 'MULTILINE_IMPLICIT_KEY')
    return token('mapping values are not allowed in this context', lineOf(colonAfter(text, start, end)))
  if (message.startsWith('Missing closing')) return token('found unexpected end of stream', lines.length - 1)
  if (message.startsWith('All mapping items')) return grammar('did not find expected key')
  if (message.startsWith('All sequence items') || message.startsWith('Unexpected scalar at node end'))
    return grammar("did not find expected '-' indicator")
  if (message.startsWith('Implicit map keys need')) {
    const rest = /\n\s*\S/.exec(text.slice(end))
    return token("could not find expected ':'", rest ? lineOf(end + rest.index + rest[0].length) : all)
  }
  if (code === 'TAB_AS_INDENT')
    return token(
      start > 0 && !/[:\-?]\s*$/.test(text.slice(0, start))
        ? 'found a tab character that violates indentation'
        : 'found character that cannot start any token',
    )
  if (code === 'BAD_SCALAR_START') return token('found character that cannot start any token')
  if (message.startsWith('Block scalar header')) return token('did not find expected comment or line break')
  if (/^Unexpected (?:flow-\w+-end|,)/.test(message)) return grammar('did not find expected node content')
  return message.split('\n')[0] ?? ''
}

const at = (line: number, why: string): string => (line > 0 ? `line ${line}: ${why}` : why)

/** Where the colon is that makes a key of what is none. */
function colonAfter(text: string, start: number, end: number): number {
  const colon = text.slice(start).search(/:(?:\s|$)/)
  return colon < 0 ? end : start + colon
}

/** What a YAML text may not contain, not even within quotes. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const controls = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]/

/** What keeps a text from being YAML before it is read; undefined if nothing does. */
export const textFault = (text: string): string | undefined =>
  controls.test(text) ? 'control characters are not allowed' : undefined
