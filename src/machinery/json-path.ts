import { isObject } from './patch/json-value.js'

/** A path that cannot be read. */
export class JsonPathError extends Error {
  override readonly name = 'JsonPathError'
}

type Step =
  | { readonly type: 'field'; readonly name: string }
  | { readonly type: 'every' }
  | { readonly type: 'descend' }
  | {
      readonly type: 'slice'
      readonly from: number | undefined
      readonly to: number | undefined
      readonly step: number
    }
  | { readonly type: 'index'; readonly index: number }
  | { readonly type: 'fields'; readonly names: readonly string[] }
  | { readonly type: 'filter'; readonly left: Operand; readonly operator: string; readonly right: Operand | undefined }

type Operand = { readonly value: unknown } | { readonly path: JsonPath }

/** Finds values in an object: `find(object)` answers what the path leads to, nothing if it leads nowhere. */
export interface JsonPath {
  readonly steps: readonly Step[]
  find(value: unknown): readonly unknown[]
}

/**
 * Reads a path in the syntax of kubectl's JSONPath, without braces: `.spec.containers[*].name`,
 * `.status.conditions[?(@.type=="Ready")].status`. Throws JsonPathError.
 */
export function parseJsonPath(text: string): JsonPath {
  const steps = stepsOf(text.startsWith('$') ? text.slice(1) : text)
  return {
    steps,
    find: value => steps.reduce<readonly unknown[]>((found, step) => found.flatMap(apply(step)), [value]),
  }
}

function stepsOf(text: string): Step[] {
  const steps: Step[] = []
  let at = 0
  while (at < text.length) {
    if (text[at] === '.') {
      at++
      if (text[at] === '.') {
        steps.push({ type: 'descend' })
        at++
      }
      if (text[at] === '[' || at >= text.length) continue
      if (text[at] === '*') {
        steps.push({ type: 'every' })
        at++
        continue
      }
      let name = ''
      while (at < text.length && text[at] !== '.' && text[at] !== '[') {
        if (text[at] === '\\') at++
        name += text[at++] ?? ''
      }
      if (!/^[^\s{}()'"|]+$/.test(name)) throw new JsonPathError(`unrecognized character in path: ${text}`)
      steps.push({ type: 'field', name })
    } else if (text[at] === '[') {
      const end = closing(text, at)
      steps.push(bracketed(text.slice(at + 1, end).trim(), text))
      at = end + 1
    } else throw new JsonPathError(`unexpected character ${JSON.stringify(text[at])} in path ${text}`)
  }
  return steps
}

function closing(text: string, start: number): number {
  let quote = ''
  let depth = 0
  for (let at = start; at < text.length; at++) {
    const char = text[at] ?? ''
    if (quote) {
      if (char === '\\') at++
      else if (char === quote) quote = ''
    } else if (char === '"' || char === "'") quote = char
    else if (char === '[') depth++
    else if (char === ']' && --depth === 0) return at
  }
  throw new JsonPathError(`unterminated array in path ${text}`)
}

function bracketed(inner: string, text: string): Step {
  if (inner === '*') return { type: 'every' }
  const filter = /^\?\((.*)\)$/s.exec(inner)
  if (filter) return filterStep(filter[1]?.trim() ?? '', text)
  const names = [...inner.matchAll(/'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"/g)]
  if (names.length > 0) {
    const fields = names.map(([, single, double]) => (single ?? double ?? '').replace(/\\(.)/g, '$1'))
    return fields.length === 1 ? { type: 'field', name: fields[0] ?? '' } : { type: 'fields', names: fields }
  }
  if (/^-?\d+$/.test(inner)) return { type: 'index', index: Number(inner) }
  const slice = /^(-?\d*):(-?\d*)(?::(\d+))?$/.exec(inner)
  if (!slice) throw new JsonPathError(`invalid array index ${inner} in path ${text}`)
  const [, from, to, step] = slice
  const bound = (part: string | undefined) => (part ? Number(part) : undefined)
  return { type: 'slice', from: bound(from), to: bound(to), step: Number(step ?? 1) || 1 }
}

function filterStep(inner: string, text: string): Step {
  const found = /^(.*?)\s*(==|!=|<=|>=|<|>)\s*(.*)$/s.exec(inner)
  if (!found) return { type: 'filter', left: operandOf(inner, text), operator: 'exists', right: undefined }
  const [, left = '', operator = '', right = ''] = found
  return { type: 'filter', left: operandOf(left, text), operator, right: operandOf(right, text) }
}

function operandOf(source: string, text: string): Operand {
  const trimmed = source.trim()
  if (trimmed.startsWith('@') || trimmed.startsWith('$')) return { path: parseJsonPath(trimmed.slice(1)) }
  const quoted = /^(['"])(.*)\1$/s.exec(trimmed)
  if (quoted) return { value: (quoted[2] ?? '').replace(/\\(.)/g, '$1') }
  if (trimmed === 'true' || trimmed === 'false') return { value: trimmed === 'true' }
  if (/^-?\d+(\.\d+)?$/.test(trimmed)) return { value: Number(trimmed) }
  throw new JsonPathError(`unrecognized value ${trimmed} in path ${text}`)
}

const fieldOf = (value: unknown, name: string): readonly unknown[] =>
  isObject(value) && Object.hasOwn(value, name) && value[name] !== undefined ? [value[name]] : []

const childrenOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : isObject(value) ? Object.values(value) : []

function apply(step: Step): (value: unknown) => readonly unknown[] {
  switch (step.type) {
    case 'field':
      return value => fieldOf(value, step.name)
    case 'fields':
      return value => step.names.flatMap(name => fieldOf(value, name))
    case 'every':
      return childrenOf
    case 'descend':
      return descendants
    case 'index':
      return value => {
        if (!Array.isArray(value)) return []
        const item: unknown = value.at(step.index)
        return item === undefined ? [] : [item]
      }
    case 'slice':
      return value =>
        Array.isArray(value) ? value.slice(step.from, step.to).filter((_, i) => i % step.step === 0) : []
    case 'filter':
      return value => childrenOf(value).filter(item => holds(step, item))
  }
}

const descendants = (value: unknown): readonly unknown[] => [value, ...childrenOf(value).flatMap(descendants)]

function holds({ left, operator, right }: Extract<Step, { type: 'filter' }>, item: unknown): boolean {
  const resolved = (operand: Operand | undefined): unknown =>
    operand && ('path' in operand ? operand.path.find(item)[0] : operand.value)
  const a = resolved(left)
  if (operator === 'exists') return a !== undefined
  const b = resolved(right)
  if (a === undefined || typeof a !== typeof b) return false
  if (operator === '==') return a === b
  if (operator === '!=') return a !== b
  if (typeof a === 'number' && typeof b === 'number') return ordered(operator, a - b)
  return typeof a === 'string' && typeof b === 'string' && ordered(operator, a < b ? -1 : a > b ? 1 : 0)
}

function ordered(operator: string, order: number): boolean {
  if (operator === '<') return order < 0
  if (operator === '<=') return order <= 0
  return operator === '>' ? order > 0 : order >= 0
}
