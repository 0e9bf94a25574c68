import type { ComprehensionMacro, Expr, Literal, MapEntry, StructField } from './ast.js'
import { CelSyntaxError, type Token, tokensOf } from './lexer.js'

/** Expressions nest no deeper than upstream's parser allows. */
const maxDepth = 250
/** Upstream refuses longer ones. */
const maxLength = 100_000

const reserved = new Set(
  'as break const continue else for function if import let loop package namespace return var void while'.split(' '),
)
const literalWords: { readonly [word: string]: Literal } = {
  true: { type: 'bool', value: true },
  false: { type: 'bool', value: false },
  null: { type: 'null', value: null },
}

const beginnings = `{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}`
const continuations = `{<EOF>, '==', '!=', 'in', '<', '<=', '>=', '>', '&&', '||', '[', '{', '(', '.', '-', '?', '+', '*', '/', '%%'}`

/** Parses an expression, macros included; throws CelSyntaxError. */
export function parse(source: string): Expr {
  if (source.length > maxLength)
    throw new CelSyntaxError({
      offset: 0,
      message: `expression code point size exceeds limit: size: ${source.length}, limit ${maxLength}`,
    })
  return new Parser(tokensOf(source)).whole()
}

class Parser {
  #at = 0
  #depth = 0

  constructor(private readonly tokens: readonly Token[]) {}

  whole(): Expr {
    const expr = this.#expr()
    if (this.#next.kind !== 'end')
      throw this.#fail(
        `extraneous input '${this.#next.text}' expecting ${this.#operand(expr) ? continuations : '<EOF>'}`,
      )
    return expr
  }

  /** After a bare name or literal every operator could follow. */
  #operand({ kind }: Expr): boolean {
    return kind === 'ident'
  }

  get #next(): Token {
    return this.tokens[this.#at] ?? (this.tokens.at(-1) as Token)
  }

  #is(op: string, ahead = 0): boolean {
    const token = this.tokens[this.#at + ahead]
    return token?.kind === 'op' && token.text === op
  }

  #take(): Token {
    const token = this.#next
    if (token.kind !== 'end') this.#at++
    return token
  }

  #accept(op: string): Token | undefined {
    return this.#is(op) ? this.#take() : undefined
  }

  #expect(op: string): Token {
    if (this.#is(op)) return this.#take()
    throw this.#fail(
      this.#next.kind === 'end'
        ? `missing '${op}' at '<EOF>'`
        : `mismatched input '${this.#next.text}' expecting '${op}'`,
    )
  }

  #fail(message: string, offset = this.#next.offset): CelSyntaxError {
    return new CelSyntaxError({ offset, message: `Syntax error: ${message}` })
  }

  #expr(): Expr {
    if (++this.#depth > maxDepth)
      throw new CelSyntaxError({
        offset: this.#next.offset,
        message: `expression recursion limit exceeded: ${maxDepth}`,
      })
    const condition = this.#binary(0)
    const question = this.#accept('?')
    let expr = condition
    if (question) {
      const yes = this.#binary(0)
      this.#expect(':')
      expr = call('_?_:_', question.offset, [condition, yes, this.#expr()])
    }
    this.#depth--
    return expr
  }

  /** Binary operators by precedence, the loosest first. */
  #binary(level: number): Expr {
    const operators = levels[level]
    if (!operators) return this.#unary()
    let left = this.#binary(level + 1)
    for (;;) {
      const { kind, text, offset } = this.#next
      const name = kind === 'op' || text === 'in' ? operators[text] : undefined
      if (name === undefined || (kind === 'ident' && this.#next.quoted)) return left
      this.#take()
      left = call(name, offset, [left, this.#binary(level + 1)])
    }
  }

  #unary(): Expr {
    const { offset } = this.#next
    let count = 0
    for (const [sign, name] of [
      ['!', '!_'],
      ['-', '-_'],
    ] as const) {
      while (this.#accept(sign)) count++
      if (count === 0) continue
      const { kind, value } = this.#next
      // A minus sign belongs to the number behind it.
      if (sign === '-' && count === 1 && (kind === 'int' || kind === 'double')) {
        this.#take()
        const negated = typeof value === 'bigint' ? -value : -(value as number)
        return this.#suffixes({ kind: 'literal', offset, value: { type: kind, value: negated } })
      }
      const operand = this.#unary()
      return count % 2 === 0 ? operand : call(name, offset, [operand])
    }
    return this.#suffixes(this.#primary())
  }

  #primary(): Expr {
    const token = this.#take()
    const { kind, text, offset, value } = token
    switch (kind) {
      case 'int':
        if (value === 2n ** 63n) throw new CelSyntaxError({ offset, message: 'invalid int literal' })
        return { kind: 'literal', offset, value: { type: kind, value: value as bigint } }
      case 'uint':
      case 'double':
      case 'string':
      case 'bytes':
        return { kind: 'literal', offset, value: { type: kind, value: value ?? null } }
      case 'ident':
        return this.#name(token)
      case 'op':
        if (text === '(') {
          const inner = this.#expr()
          this.#expect(')')
          return inner
        }
        if (text === '[') return this.#list(offset)
        if (text === '{') return this.#map(offset)
        if (text === '.' && this.#next.kind === 'ident') return this.#name(this.#take())
    }
    this.#at = this.tokens.indexOf(token)
    throw this.#fail(`mismatched input '${text}' expecting ${beginnings}`, offset)
  }

  #name({ text, offset, quoted }: Token): Expr {
    if (!quoted) {
      const literal = literalWords[text]
      if (literal) return { kind: 'literal', offset, value: literal }
      if (text === 'in') throw this.#fail(`mismatched input 'in' expecting ${beginnings}`, offset)
      if (reserved.has(text)) throw new CelSyntaxError({ offset, message: `reserved identifier: ${text}` })
    }
    const paren = this.#accept('(')
    if (paren) return this.#called(text, undefined, paren.offset)
    if (this.#is('{')) return this.#struct(text, offset)
    return { kind: 'ident', offset, name: text }
  }

  #suffixes(operand: Expr): Expr {
    let expr = operand
    for (;;) {
      const dot = this.#accept('.')
      if (dot) {
        const optional = this.#accept('?') !== undefined
        const name = this.#take()
        if (name.kind !== 'ident' || (!name.quoted && name.text === 'in')) {
          this.#at = this.tokens.indexOf(name)
          throw this.#fail(`no viable alternative at input '.${name.text === '<EOF>' ? '' : name.text}'`)
        }
        const paren = optional ? undefined : this.#accept('(')
        if (paren) expr = this.#called(name.text, expr, paren.offset)
        else if (this.#is('{') && typeName(expr)) expr = this.#struct(`${typeName(expr)}.${name.text}`, dot.offset)
        else expr = { kind: 'select', offset: dot.offset, operand: expr, field: name.text, optional }
        continue
      }
      const bracket = this.#accept('[')
      if (!bracket) return expr
      const name = this.#accept('?') ? '_[?_]' : '_[_]'
      const index = this.#expr()
      this.#expect(']')
      expr = call(name, bracket.offset, [expr, index])
    }
  }

  #called(name: string, target: Expr | undefined, offset: number): Expr {
    const args: Expr[] = []
    if (!this.#accept(')')) {
      do args.push(this.#expr())
      while (this.#accept(','))
      this.#expect(')')
    }
    return expandMacro(name, target, args, offset) ?? { kind: 'call', offset, name, target, args }
  }

  #list(offset: number): Expr {
    const items: Expr[] = []
    const optionals = new Set<number>()
    while (!this.#accept(']')) {
      if (this.#accept('?')) optionals.add(items.length)
      items.push(this.#expr())
      if (!this.#accept(',')) {
        this.#expect(']')
        break
      }
    }
    return { kind: 'list', offset, items, optionals }
  }

  #map(offset: number): Expr {
    const entries: MapEntry[] = []
    while (!this.#accept('}')) {
      const optional = this.#accept('?') !== undefined
      const key = this.#expr()
      this.#expect(':')
      entries.push({ key, value: this.#expr(), optional })
      if (!this.#accept(',')) {
        this.#expect('}')
        break
      }
    }
    return { kind: 'map', offset, entries }
  }

  #struct(type: string, offset: number): Expr {
    this.#expect('{')
    const fields: StructField[] = []
    while (!this.#accept('}')) {
      const optional = this.#accept('?') !== undefined
      const name = this.#take()
      if (name.kind !== 'ident') {
        const expected = optional ? '{IDENTIFIER, ESC_IDENTIFIER}' : "{'}', ',', '?', IDENTIFIER, ESC_IDENTIFIER}"
        throw this.#fail(`mismatched input '${name.text}' expecting ${expected}`, name.offset)
      }
      const colon = this.#expect(':')
      fields.push({ name: name.text, value: this.#expr(), optional, offset: colon.offset })
      if (!this.#accept(',')) {
        this.#expect('}')
        break
      }
    }
    return { kind: 'struct', offset, type, fields }
  }
}

const levels: readonly { readonly [text: string]: string }[] = [
  { '||': '_||_' },
  { '&&': '_&&_' },
  { '==': '_==_', '!=': '_!=_', '<': '_<_', '<=': '_<=_', '>': '_>_', '>=': '_>=_', in: '@in' },
  { '+': '_+_', '-': '_-_' },
  { '*': '_*_', '/': '_/_', '%': '_%_' },
]

const call = (name: string, offset: number, args: readonly Expr[]): Expr => ({
  kind: 'call',
  offset,
  name,
  target: undefined,
  args,
})

/** `a.b.c` as the name of a type; undefined of anything else. */
function typeName(expr: Expr): string | undefined {
  if (expr.kind === 'ident') return expr.name
  if (expr.kind !== 'select' || expr.optional) return undefined
  const operand = typeName(expr.operand)
  return operand && `${operand}.${expr.field}`
}

const macros: { readonly [name: string]: ComprehensionMacro } = {
  all: 'all',
  exists: 'exists',
  exists_one: 'existsOne',
  existsOne: 'existsOne',
  map: 'map',
  filter: 'filter',
  transformList: 'transformList',
  transformMap: 'transformMap',
  transformMapEntry: 'transformMapEntry',
  optMap: 'optMap',
  optFlatMap: 'optFlatMap',
}

/** How many variables a macro of so many arguments declares; undefined if it is none. */
function variableCount(macro: ComprehensionMacro, args: number): number | undefined {
  switch (macro) {
    case 'map':
      return args === 2 || args === 3 ? 1 : undefined
    case 'filter':
    case 'optMap':
    case 'optFlatMap':
      return args === 2 ? 1 : undefined
    case 'all':
    case 'exists':
    case 'existsOne':
      return args === 2 ? 1 : args === 3 ? 2 : undefined
    default:
      return args === 3 || args === 4 ? 2 : undefined
  }
}

function expandMacro(name: string, target: Expr | undefined, args: readonly Expr[], offset: number): Expr | undefined {
  if (!target) return name === 'has' && args.length === 1 ? expandHas(args[0] as Expr, offset) : undefined
  if (target.kind === 'ident' && target.name === 'cel' && name === 'bind' && args.length === 3) {
    const [variable, value, body] = args as [Expr, Expr, Expr]
    return {
      kind: 'bind',
      offset,
      name: variableOf(variable, 'cel.bind() variable names must be simple identifiers'),
      value,
      body,
    }
  }
  const macro = Object.hasOwn(macros, name) ? macros[name] : undefined
  const count = macro && variableCount(macro, args.length)
  if (!macro || count === undefined) return undefined
  const variables = args.slice(0, count).map(arg => variableOf(arg, 'argument must be a simple name'))
  const rest = args.slice(count)
  const body = rest.at(-1) as Expr
  const filter = rest.length > 1 ? rest[0] : undefined
  return { kind: 'comprehension', offset, macro, range: target, variables, filter, body }
}

function expandHas(argument: Expr, offset: number): Expr {
  if (argument.kind !== 'select' || argument.optional)
    throw new CelSyntaxError({ offset, message: 'invalid argument to has() macro' })
  return { kind: 'has', offset, operand: argument.operand, field: argument.field }
}

function variableOf(expr: Expr, message: string): string {
  if (expr.kind !== 'ident') throw new CelSyntaxError({ offset: expr.offset, message })
  return expr.name
}
