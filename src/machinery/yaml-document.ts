import {
  Composer,
  type CST,
  type Document,
  type DocumentOptions,
  type ErrorCode,
  isScalar,
  Lexer,
  type ParseOptions,
  Parser,
  type SchemaOptions,
  visit,
  YAMLParseError,
} from 'yaml'

/** The library calls itself several times for every level: far deeper, and it would run out of stack. */
const maxDepth = 250
/** Words, signs and gaps: what three megabytes of anything sensible have. */
const maxLexemes = 1_000_000
/** Every alias is looked for among all anchors. */
const maxAliases = 1000
const maxAnchors = 10_000
/** Tags mean nothing to Kubernetes; the library has something to say about each. */
const maxTags = 1000

export interface YamlDocument {
  readonly document: Document.Parsed
  /** Where keys begin that stand in their map already. */
  readonly repeated: readonly number[]
}

export type YamlOptions = Omit<ParseOptions & DocumentOptions & SchemaOptions, 'uniqueKeys'>

/**
 * Parses the first document of a YAML text, in a time that grows no faster than the text does. Throws a YAMLParseError
 * for the first fault, another error for a text that nests too deep or refers to itself too often.
 */
export function parseYaml(text: string, options: YamlOptions): YamlDocument {
  // The library's own search for repeated keys compares each with all others.
  const composer = new Composer({ ...options, uniqueKeys: false })
  Reflect.set(composer, 'onError', stopAtFault())
  const [document] = composer.compose(tokensOf(text), true, text.length)
  if (!document) throw new Error('the text holds no document')
  const [fault] = document.errors
  if (fault) throw fault
  const repeated: number[] = []
  visit(document, {
    Map(_key, { items }) {
      const seen = new Set<unknown>()
      for (const { key } of items) {
        if (!isScalar(key)) continue
        if (seen.has(key.value) && key.value !== '<<') repeated.push(key.range?.[0] ?? 0)
        else seen.add(key.value)
      }
    },
  })
  return { document: document as Document.Parsed, repeated }
}

type FaultSource = number | readonly [number, number] | { readonly offset: number; readonly source: string }

/** What a YAML text says, for files of configuration. Throws for one that is wrong, or built to take too much. */
export function yamlValue(text: string): unknown {
  const { document, repeated } = parseYaml(text, {})
  const [offset] = repeated
  if (offset !== undefined) {
    const line = text.slice(0, offset).split('\n').length
    throw new Error(`line ${line}: a key stands twice`)
  }
  const value: unknown = document.toJS({ maxAliasCount: 100 })
  // What is its own alias would have no end.
  JSON.stringify(value)
  return value
}

/** In place of the composer's own, which gathers faults: a text may have as many as letters. */
function stopAtFault() {
  let first: YAMLParseError | undefined
  return (source: FaultSource, code: ErrorCode, message: string, isWarning = false): void => {
    if (isWarning) return
    // The composer catches what is thrown at every level, and reports it again.
    first ??= new YAMLParseError(positionOf(source), code, message)
    throw first
  }
}

function positionOf(source: FaultSource): [number, number] {
  if (typeof source === 'number') return [source, source + 1]
  return 'offset' in source ? [source.offset, source.offset + (source.source?.length ?? 1)] : [source[0], source[1]]
}

/** Tokens up to the end of the first document, which has been looked at. Throws at the first that is none. */
function* tokensOf(text: string): Generator<CST.Token> {
  let documents = 0
  for (const token of allTokens(text)) {
    if (token.type === 'error') {
      const { offset, source, message } = token
      const why = source ? `${message}: ${JSON.stringify(source)}` : message
      throw new YAMLParseError([offset, offset + (source?.length ?? 1)], 'UNEXPECTED_TOKEN', why)
    }
    if (token.type === 'document' && ++documents > 1) return
    if (token.type === 'document') survey(token)
    yield token
  }
}

function* allTokens(text: string): Generator<CST.Token> {
  const parser = new Parser()
  let lexemes = 0
  for (const lexeme of new Lexer().lex(text)) {
    if (++lexemes > maxLexemes) throw new Error('document is too large')
    yield* parser.next(lexeme)
  }
  yield* parser.end()
}

/** Looks at a document's tokens, before anything calls itself, for what would take too much. */
function survey({ value }: CST.Document): void {
  const counts = { alias: 0, anchor: 0, tag: 0 }
  const waiting: { readonly token: CST.Token | null | undefined; readonly depth: number }[] = [
    { token: value, depth: 0 },
  ]
  const count = (type: string) => {
    if (type === 'alias' || type === 'anchor' || type === 'tag') counts[type]++
  }
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { token, depth } = next
    if (!token) continue
    count(token.type)
    if (!('items' in token)) continue
    if (depth >= maxDepth) throw new Error('exceeded max depth')
    for (const item of token.items) {
      for (const { type } of item.start) count(type)
      for (const { type } of item.sep ?? []) count(type)
      waiting.push({ token: item.key, depth: depth + 1 }, { token: item.value, depth: depth + 1 })
    }
  }
  if (counts.alias > maxAliases || counts.anchor > maxAnchors) throw new Error('document contains excessive aliasing')
  if (counts.tag > maxTags) throw new Error('document contains too many tags')
}
