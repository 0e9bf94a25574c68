import type { CallExpr, ComprehensionExpr, Expr } from './ast.js'
import type { Checked } from './checker.js'
import {
  callCostOf,
  either,
  fixed,
  listBase,
  mapBase,
  one,
  plus,
  type Range,
  structBase,
  times,
  unknownSize,
  unlimited,
  zero,
} from './cost.js'
import type { CelType } from './types.js'

/**
 * Between what and what an expression may cost, before it is ever run: from the sizes that the declared types of
 * variables allow. The rules are cel-go's, since Kubernetes refuses rules by them.
 */
export function estimateCost(expr: Expr, checked: Checked, variables: { readonly [name: string]: CelType }): Range {
  return new Estimator(checked, variables).cost(expr)
}

/** Types whose values have a size of their own. */
const sized = new Set(['string', 'bytes', 'list', 'map', 'dyn', 'object', 'opaque', 'param'])

class Estimator {
  readonly #sizes = new Map<Expr, Range>()
  /** The declared types of variables of comprehensions, as far as they are known. */
  #locals = new Map<string, { readonly type: CelType | undefined; readonly size: Range | undefined }>()

  constructor(
    private readonly checked: Checked,
    private readonly variables: { readonly [name: string]: CelType },
  ) {}

  cost(expr: Expr): Range {
    switch (expr.kind) {
      case 'literal':
        return zero
      case 'ident':
        return this.checked.typeNames.has(expr) ? zero : one
      case 'select': {
        if (this.checked.typeNames.has(expr)) return zero
        const kind = this.#typeOf(expr.operand)?.kind
        const selects = kind === 'map' || kind === 'object' || kind === 'opaque' || kind === 'param'
        return plus(this.cost(expr.operand), selects ? one : zero)
      }
      case 'has':
        return this.cost(expr.operand)
      case 'call':
        return this.#call(expr)
      case 'list':
        return plus(fixed(listBase), ...expr.items.map(item => this.cost(item)))
      case 'map':
        return plus(fixed(mapBase), ...expr.entries.flatMap(({ key, value }) => [this.cost(key), this.cost(value)]))
      case 'struct':
        return plus(fixed(structBase), ...expr.fields.map(({ value }) => this.cost(value)))
      case 'bind': {
        const value = this.cost(expr.value)
        const size = this.#size(expr.value)
        return this.#within({ [expr.name]: { type: this.#declared(expr.value), size } }, () => {
          const sum = plus(fixed(listBase), value, this.cost(expr.body))
          const own = this.#size(expr.body)
          if (own) this.#sizes.set(expr, own)
          return sum
        })
      }
      case 'comprehension':
        return this.#comprehension(expr)
    }
  }

  #typeOf(expr: Expr): CelType | undefined {
    return this.checked.types.get(expr)
  }

  #within<T>(
    locals: { readonly [name: string]: { readonly type: CelType | undefined; readonly size: Range | undefined } },
    action: () => T,
  ): T {
    const outer = this.#locals
    this.#locals = new Map([...outer, ...Object.entries(locals)])
    const result = action()
    this.#locals = outer
    return result
  }

  #call(expr: CallExpr): Range {
    const { name, args, target } = expr
    const call = this.checked.calls.get(expr)
    const all = call?.args ?? (target ? [target, ...args] : args)
    const costs = all.map(arg => this.cost(arg))
    const [first = zero, second = zero, third = zero] = costs
    switch (name) {
      case '_||_':
      case '_&&_':
        return { min: Math.min(first.min, second.min), max: plus(first, second).max }
      case '_?_:_': {
        const [, yes, no] = all
        if (yes && no) this.#sizes.set(expr, either(this.#size(yes) ?? unknownSize, this.#size(no) ?? unknownSize))
        return plus(first, either(second, third))
      }
      case '_[_]':
      case '_[?_]':
        return plus(one, ...costs)
    }
    const sizes = all.map(arg => this.#size(arg) ?? unknownSize)
    const itemSize = (): Range | undefined => {
      const type = all[0] && (this.#declared(all[0]) ?? this.#typeOf(all[0]))
      if (type?.kind !== 'list' || (type.item.kind !== 'string' && type.item.kind !== 'bytes')) return undefined
      return boundOf(type.item) ?? unknownSize
    }
    // Where the types leave several ways to call a function, it may cost as little or as much as any of them.
    const ways = (call?.overloads ?? []).map(({ params }) => {
      const rule = callCostOf(
        call?.name ?? name,
        params.map(({ kind }) => kind),
      )
      return rule ? rule(sizes, itemSize) : { cost: one }
    })
    const cost = ways.length > 0 ? ways.map(way => way.cost).reduce(either) : one
    const known = ways.flatMap(({ size }) => (size ? [size] : []))
    if (known.length > 0) this.#sizes.set(expr, known.reduce(either))
    return plus(cost, ...costs)
  }

  /** The type of a value as it was declared, with its bounds: only what a path leads to has one. */
  #declared(expr: Expr): CelType | undefined {
    switch (expr.kind) {
      case 'ident': {
        const local = this.#locals.get(expr.name)
        return local ? local.type : this.variables[expr.name]
      }
      case 'select': {
        const operand = this.#declared(expr.operand)
        if (operand?.kind === 'object') return operand.field(expr.field)
        return operand?.kind === 'map' ? operand.value : undefined
      }
      case 'call': {
        if (expr.name !== '_[_]') return undefined
        const operand = expr.args[0] && this.#declared(expr.args[0])
        if (operand?.kind === 'list') return operand.item
        return operand?.kind === 'map' ? operand.value : undefined
      }
      default:
        return undefined
    }
  }

  #size(expr: Expr): Range | undefined {
    const known = this.#sizes.get(expr)
    if (known) return known
    if (expr.kind === 'literal') {
      const { value } = expr.value
      if (typeof value === 'string') return fixed([...value].length)
      return fixed(value instanceof Uint8Array ? value.length : 1)
    }
    if (expr.kind === 'list') return fixed(expr.items.length)
    if (expr.kind === 'map') return fixed(expr.entries.length)
    if (expr.kind === 'ident') {
      const local = this.#locals.get(expr.name)
      if (local?.size) return local.size
    }
    const declared = this.#declared(expr)
    const bound = declared && boundOf(declared)
    if (bound) return bound
    const type = this.#typeOf(expr)
    return type && !sized.has(type.kind) ? one : undefined
  }

  #comprehension(expr: ComprehensionExpr): Range {
    const { macro, range, variables, filter, body } = expr
    const over = this.cost(range)
    const declared = this.#declared(range)
    const count = this.#size(range) ?? unknownSize
    const [first = '', second] = variables
    if (macro === 'optMap' || macro === 'optFlatMap')
      return this.#within({ [first]: { type: undefined, size: undefined } }, () => {
        const mapped = this.cost(body)
        return { min: plus(over, one).min, max: plus(over, fixed(4), over, mapped).max }
      })
    const key = declared?.kind === 'map' ? declared.key : undefined
    const item = declared?.kind === 'list' ? declared.item : declared?.kind === 'map' ? declared.value : undefined
    const of = (type: CelType | undefined) => ({ type, size: type && boundOf(type) })
    const locals = second
      ? { [first]: of(key), [second]: of(item) }
      : { [first]: of(declared?.kind === 'map' ? key : item) }
    const inner = this.#within(locals, () => ({
      body: this.cost(body),
      filter: filter ? this.cost(filter) : undefined,
    }))
    const { start, each, end } = stepCosts(macro, inner.body, inner.filter)
    if (macro !== 'all' && macro !== 'exists' && macro !== 'existsOne') this.#sizes.set(expr, count)
    else this.#sizes.set(expr, one)
    return plus(over, start, end, times(count, each))
  }
}

/** What a macro costs beside its range: to begin, for each item, to end. */
function stepCosts(macro: ComprehensionExpr['macro'], body: Range, filter: Range | undefined) {
  const short = (cost: Range): Range => ({ min: Math.min(1, cost.min), max: 1 + cost.max })
  const filtered = (step: Range): Range => (filter ? plus(filter, either(step, one)) : step)
  switch (macro) {
    case 'all':
      return { start: zero, each: plus(fixed(2), short(body)), end: one }
    case 'exists':
      return { start: zero, each: plus(fixed(3), short(body)), end: one }
    case 'existsOne':
      return { start: zero, each: plus(body, either(fixed(2), one)), end: fixed(2) }
    case 'filter':
      return { start: fixed(listBase), each: plus(body, either(fixed(listBase + 3), one)), end: one }
    case 'map':
    case 'transformList':
      return { start: fixed(listBase), each: filtered(plus(fixed(listBase + 2), body)), end: one }
    default:
      return { start: fixed(mapBase), each: filtered(plus(fixed(2), body)), end: one }
  }
}

/** What has no size, objects and numbers, counts as nothing; of what is behind an optional, nothing is known. */
function boundOf(type: CelType): Range | undefined {
  if (type.kind === 'opaque') return undefined
  return { min: 0, max: Math.min(('maxElements' in type && type.maxElements) || 0, unlimited) }
}
