import { goQuote } from './go-format.js'
import { labelValue, qualifiedName } from './names.js'
import { lexSelector, type Token } from './selector-lexer.js'
import { StatusError } from './status-error.js'

/** Labels, or anything else that maps names to texts. */
export interface Labels {
  readonly [key: string]: string
}

export type LabelOperator = '=' | '==' | '!=' | 'in' | 'notin' | 'exists' | '!' | '>' | '<'

/** One condition of a selector; `values` are sorted and distinct. */
export interface LabelRequirement {
  readonly key: string
  readonly operator: LabelOperator
  readonly values: readonly string[]
}

/** A label selector ready for use. */
export interface Selector {
  /** Sorted by key; all must hold. Empty in the selector of everything and in that of nothing. */
  readonly requirements: readonly LabelRequirement[]
  readonly matches: (labels: Labels | undefined | null) => boolean
  /** True if it selects everything, whatever its labels. */
  readonly empty: boolean
  /** The text form, which parses to an equal selector; empty for everything and for nothing. */
  toString(): string
}

/** `LabelSelector` of the API. */
export interface LabelSelectorObject {
  readonly matchLabels?: Labels
  readonly matchExpressions?: readonly {
    readonly key: string
    readonly operator: string
    readonly values?: readonly string[]
  }[]
}

/** A selector that cannot be read: a bad request with upstream's message. */
export class SelectorError extends StatusError {
  constructor(message: string) {
    super(400, 'BadRequest', message)
  }
}

type Test = (labels: Labels) => boolean

const none: Labels = {}

const label = (labels: Labels, key: string): string | undefined =>
  Object.hasOwn(labels, key) ? labels[key] : undefined

function compile({ key, operator, values }: LabelRequirement): Test {
  const [only = ''] = values
  switch (operator) {
    case '=':
    case '==':
      return labels => label(labels, key) === only
    case '!=':
      return labels => label(labels, key) !== only
    case 'in': {
      if (values.length === 1) return labels => label(labels, key) === only
      const wanted = new Set(values)
      return labels => {
        const value = label(labels, key)
        return value !== undefined && wanted.has(value)
      }
    }
    case 'notin': {
      const unwanted = new Set(values)
      return labels => {
        const value = label(labels, key)
        return value === undefined || !unwanted.has(value)
      }
    }
    case 'exists':
      return labels => label(labels, key) !== undefined
    case '!':
      return labels => label(labels, key) === undefined
    default: {
      const bound = BigInt(only)
      const above = operator === '>'
      return labels => {
        const value = label(labels, key)
        if (value === undefined || !isInteger64(value)) return false
        return above ? BigInt(value) > bound : BigInt(value) < bound
      }
    }
  }
}

function isInteger64(text: string): boolean {
  if (!/^-?[0-9]{1,40}$/.test(text)) return false
  const value = BigInt(text)
  return BigInt.asIntN(64, value) === value
}

function print({ key, operator, values }: LabelRequirement): string {
  switch (operator) {
    case 'exists':
      return key
    case '!':
      return `!${key}`
    case 'in':
    case 'notin':
      return `${key} ${operator} (${values.join(',')})`
    default:
      return `${key}${operator}${values[0] ?? ''}`
  }
}

const byKey = (a: LabelRequirement, b: LabelRequirement): number => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)

/** A selector of all that meet every requirement. Throws `SelectorError` if one makes no sense. */
export function selectorOf(requirements: readonly LabelRequirement[]): Selector {
  const sorted = requirements
    .map(requirement => ({ ...requirement, values: [...new Set(requirement.values)].sort() }))
    .sort(byKey)
  for (const requirement of sorted) check(requirement)
  return build(sorted)
}

function build(requirements: readonly LabelRequirement[]): Selector {
  const tests = requirements.map(compile)
  const [first, second] = tests
  let matches: Test = () => true
  if (first && tests.length === 1) matches = first
  else if (first && second && tests.length === 2) matches = labels => first(labels) && second(labels)
  else if (tests.length) matches = labels => tests.every(test => test(labels))
  const text = requirements.map(print).join(',')
  return {
    requirements,
    matches: labels => matches(labels ?? none),
    empty: requirements.length === 0,
    toString: () => text,
  }
}

/** Selects everything. */
export const everything: Selector = build([])

/** Selects nothing: what an absent `LabelSelector` stands for. */
export const nothing: Selector = { requirements: [], matches: () => false, empty: false, toString: () => '' }

/** Selects what carries all of `labels`. */
export const selectorFromLabels = (labels: Labels | undefined | null): Selector =>
  labels
    ? build(
        Object.entries(labels)
          .map(([key, value]): LabelRequirement => ({ key, operator: '=', values: [value] }))
          .sort(byKey),
      )
    : everything

const expressionOperators: { readonly [operator: string]: LabelOperator } = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: '!',
}

/**
 * The selector a `LabelSelector` object stands for: absent selects nothing, empty selects everything. Throws
 * `SelectorError` with upstream's message if it is invalid.
 */
export function selectorFromObject(selector: LabelSelectorObject | undefined | null): Selector {
  if (!selector) return nothing
  const requirements: LabelRequirement[] = []
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    requirements.push({ key, operator: '=', values: [value] })
  }
  for (const { key, operator, values } of selector.matchExpressions ?? []) {
    const known = Object.hasOwn(expressionOperators, operator) ? expressionOperators[operator] : undefined
    if (!known) throw new SelectorError(`${goQuote(operator)} is not a valid label selector operator`)
    requirements.push({ key, operator: known, values: values ?? [] })
  }
  return requirements.length ? selectorOf(requirements) : everything
}

/** A `LabelSelector` object as tables and status fields show it. */
export function printLabelSelector(selector: LabelSelectorObject | undefined | null): string {
  try {
    return selectorFromObject(selector).toString() || '<none>'
  } catch {
    return '<error>'
  }
}

function check({ key, operator, values }: LabelRequirement): void {
  const faults: string[] = qualifiedKeyFaults(key, 'key')
  const shown = `[${values.map(goQuote).join(',')}]`
  if ((operator === 'in' || operator === 'notin') && values.length === 0) {
    faults.push("values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty")
  } else if ((operator === '=' || operator === '==' || operator === '!=') && values.length !== 1) {
    faults.push(`values: Invalid value: ${shown}: exact-match compatibility requires one single value`)
  } else if ((operator === 'exists' || operator === '!') && values.length) {
    faults.push(`values: Invalid value: ${shown}: values set must be empty for exists and does not exist`)
  } else if (operator === '>' || operator === '<') {
    if (values.length !== 1) {
      faults.push(`values: Invalid value: ${shown}: for 'Gt', 'Lt' operators, exactly one value is required`)
    }
    values.forEach((value, index) => {
      if (isInteger64(value)) return
      faults.push(
        `values[${index}]: Invalid value: ${goQuote(value)}: for 'Gt', 'Lt' operators, the value must be an integer`,
      )
    })
  }
  values.forEach((value, index) => {
    const messages = labelValue(value)
    if (messages.length)
      faults.push(`values[${index}][${key}]: Invalid value: ${goQuote(value)}: ${messages.join('; ')}`)
  })
  if (faults.length) throw new SelectorError(faults.length === 1 ? String(faults[0]) : `[${faults.join(', ')}]`)
}

function qualifiedKeyFaults(key: string, field: string): string[] {
  const messages = qualifiedName(key)
  return messages.length ? [`${field}: Invalid value: ${goQuote(key)}: ${messages.join('; ')}`] : []
}

/** Reads a selector's text form (`a=b,c!=d,e in (x,y),!f`). Throws `SelectorError` with upstream's message. */
export function parseLabelSelector(text: string): Selector {
  const tokens = new Tokens(lexSelector(text))
  const requirements: LabelRequirement[] = []
  for (;;) {
    const first = tokens.peek()
    if (first.kind === 'end') break
    if (first.kind !== 'identifier' && first.kind !== '!') {
      throw new SelectorError(`found '${first.text}', expected: !, identifier, or 'end of string'`)
    }
    requirements.push(parseRequirement(tokens))
    const next = tokens.take()
    if (next.kind === 'end') break
    if (next.kind !== ',') throw new SelectorError(`found '${next.text}', expected: ',' or 'end of string'`)
    const after = tokens.peek()
    if (after.kind !== 'identifier' && after.kind !== '!') {
      throw new SelectorError(`found '${after.text}', expected: identifier after ','`)
    }
  }
  return requirements.length ? build(requirements.sort(byKey)) : everything
}

class Tokens {
  #at = 0
  constructor(private readonly tokens: readonly Token[]) {}

  /** `in` and `notin` are words of their own only where an operator can stand. */
  peek(operators = false): Token {
    const token = this.tokens[this.#at] ?? { kind: 'end', text: '' }
    const word = token.kind === 'in' || token.kind === 'notin'
    return word && !operators ? { kind: 'identifier', text: token.text } : token
  }

  take(operators = false): Token {
    const token = this.peek(operators)
    this.#at++
    return token
  }
}

function parseRequirement(tokens: Tokens): LabelRequirement {
  try {
    const requirement = readRequirement(tokens)
    const values = [...new Set(requirement.values)].sort()
    check({ ...requirement, values })
    return { ...requirement, values }
  } catch (error) {
    throw error instanceof SelectorError ? new SelectorError(`unable to parse requirement: ${error.message}`) : error
  }
}

function readRequirement(tokens: Tokens): LabelRequirement {
  let token = tokens.take()
  const negated = token.kind === '!'
  if (negated) token = tokens.take()
  if (token.kind !== 'identifier') throw new SelectorError(`found '${token.text}', expected: identifier`)
  const key = token.text
  const [fault] = qualifiedKeyFaults(key, '<nil>')
  if (fault) throw new SelectorError(fault)
  if (negated) return { key, operator: '!', values: [] }
  const next = tokens.peek().kind
  if (next === 'end' || next === ',') return { key, operator: 'exists', values: [] }
  const operator = tokens.take(true)
  switch (operator.kind) {
    case 'in':
    case 'notin':
      return { key, operator: operator.kind, values: readValues(tokens) }
    case '=':
    case '==':
    case '!=':
    case '>':
    case '<':
      return { key, operator: operator.kind, values: [readExactValue(tokens)] }
    default:
      throw new SelectorError(`found '${operator.text}', expected: in, notin, =, ==, !=, gt, lt`)
  }
}

function readExactValue(tokens: Tokens): string {
  const ahead = tokens.peek().kind
  if (ahead === 'end' || ahead === ',') return ''
  const token = tokens.take()
  if (token.kind !== 'identifier') throw new SelectorError(`found '${token.text}', expected: identifier`)
  return token.text
}

function readValues(tokens: Tokens): string[] {
  const open = tokens.take()
  if (open.kind !== '(') throw new SelectorError(`found '${open.text}' expected: '('`)
  const first = tokens.peek()
  if (first.kind === ')') {
    tokens.take()
    return ['']
  }
  if (first.kind !== 'identifier' && first.kind !== ',') {
    throw new SelectorError(`found '${first.text}', expected: ',', ')' or identifier`)
  }
  // An empty place before, between or after commas is the empty value.
  const values: string[] = []
  for (;;) {
    const token = tokens.take()
    if (token.kind === 'identifier') {
      values.push(token.text)
      const next = tokens.peek()
      if (next.kind === ')') break
      if (next.kind !== ',') throw new SelectorError(`found '${next.text}', expected: ',' or ')'`)
    } else if (token.kind === ',') {
      if (values.length === 0) values.push('')
      const next = tokens.peek().kind
      if (next === ')') {
        values.push('')
        break
      }
      if (next === ',') {
        tokens.take()
        values.push('')
      }
    } else throw new SelectorError(`found '${token.text}', expected: ',', or identifier`)
  }
  tokens.take()
  return values
}
