import type { CallExpr, ComprehensionExpr, Expr } from './ast.js'
import type { FunctionDeclaration, Overload } from './functions/declare.js'
import type { CelIssue } from './source.js'
import {
  type Bindings,
  bool,
  bytes,
  type CelType,
  double,
  dyn,
  int,
  isAssignable,
  listOf,
  mapOf,
  nullType,
  type ObjectType,
  optionalOf,
  substitute,
  text,
  typeText,
  typeType,
  uint,
} from './types.js'

/** What expressions may refer to. */
export interface Scope {
  readonly variables: { readonly [name: string]: CelType }
  readonly types: (name: string) => ObjectType | undefined
  readonly functions: ReadonlyMap<string, FunctionDeclaration>
}

/** The name under which a scope has a member function. */
export const memberKey = (name: string): string => `.${name}`

export interface ResolvedCall {
  readonly name: string
  readonly overloads: readonly Overload[]
  /** The target of a member function first. */
  readonly args: readonly Expr[]
}

/** What the checker found out. */
export interface Checked {
  readonly type: CelType
  readonly types: ReadonlyMap<Expr, CelType>
  readonly calls: ReadonlyMap<Expr, ResolvedCall>
  /** Names of types that are used as values. */
  readonly typeNames: ReadonlyMap<Expr, string>
  /** Variables of the environment that are referred to. */
  readonly references: ReadonlySet<string>
  readonly issues: readonly CelIssue[]
}

const typeNames = new Set(
  'bool bytes double int list map null_type string type uint google.protobuf.Duration google.protobuf.Timestamp'.split(
    ' ',
  ),
)

/** Finds the type of an expression and of all its parts. */
export function check(expr: Expr, scope: Scope): Checked {
  const checker = new Checker(scope)
  const type = checker.typeOf(expr)
  return { ...checker, type }
}

class Checker {
  readonly types = new Map<Expr, CelType>()
  readonly calls = new Map<Expr, ResolvedCall>()
  readonly typeNames = new Map<Expr, string>()
  readonly references = new Set<string>()
  readonly issues: CelIssue[] = []
  readonly #scope: Scope
  #locals: ReadonlyMap<string, CelType> = new Map()
  /** Lists that are what `format` is to print may mix types. */
  readonly #mixed = new Set<Expr>()

  constructor(scope: Scope) {
    this.#scope = scope
  }

  typeOf(expr: Expr): CelType {
    const type = this.#infer(expr)
    this.types.set(expr, type)
    return type
  }

  #fail(offset: number, message: string): CelType {
    this.issues.push({ offset, message })
    return dyn
  }

  #undeclared(offset: number, name: string): CelType {
    return this.#fail(offset, `undeclared reference to '${name}' (in container '')`)
  }

  #within(locals: { readonly [name: string]: CelType }, expr: Expr): CelType {
    const outer = this.#locals
    this.#locals = new Map([...outer, ...Object.entries(locals)])
    const type = this.typeOf(expr)
    this.#locals = outer
    return type
  }

  #infer(expr: Expr): CelType {
    switch (expr.kind) {
      case 'literal':
        return literalTypes[expr.value.type]
      case 'ident':
        return this.#ident(expr, expr.name) ?? this.#undeclared(expr.offset, expr.name)
      case 'select':
        return this.#select(expr)
      case 'has':
        this.#field(this.typeOf(expr.operand), expr.field, expr.offset, true)
        return bool
      case 'call':
        return this.#call(expr)
      case 'list':
        return this.#list(expr)
      case 'map':
        return this.#map(expr)
      case 'struct':
        return this.#struct(expr)
      case 'bind':
        return this.#within({ [expr.name]: this.typeOf(expr.value) }, expr.body)
      case 'comprehension':
        return this.#comprehension(expr)
    }
  }

  #ident(expr: Expr, name: string): CelType | undefined {
    const local = this.#locals.get(name)
    if (local) return local
    const { variables } = this.#scope
    if (Object.hasOwn(variables, name)) {
      this.references.add(name)
      return variables[name]
    }
    if (!typeNames.has(name)) return undefined
    this.typeNames.set(expr, name)
    return typeType
  }

  #select(expr: Extract<Expr, { kind: 'select' }>): CelType {
    const qualified = qualifiedName(expr)
    if (qualified && !this.#isKnown(qualified)) {
      const type = this.#ident(expr, qualified)
      if (type) return type
    }
    const operand = this.typeOf(expr.operand)
    const isOptional = operand.kind === 'opaque' && operand.name === 'optional_type'
    const target = isOptional ? (operand.params[0] ?? dyn) : operand
    const field = this.#field(target, expr.field, expr.offset, expr.optional || isOptional)
    return expr.optional || isOptional ? optionalOf(field) : field
  }

  /** Whether the first part of a dotted name is a variable. */
  #isKnown(qualified: string): boolean {
    const first = qualified.split('.')[0] ?? ''
    return this.#locals.has(first) || Object.hasOwn(this.#scope.variables, first)
  }

  #field(target: CelType, name: string, offset: number, lenient: boolean): CelType {
    switch (target.kind) {
      case 'dyn':
        return dyn
      case 'map':
        return target.value
      case 'object':
        return target.field(name) ?? this.#fail(offset, `undefined field '${name}'`)
      case 'opaque':
        if (lenient && target.name === 'optional_type')
          return this.#field(target.params[0] ?? dyn, name, offset, lenient)
    }
    return this.#fail(offset, `type '${typeText(target)}' does not support field selection`)
  }

  #call(expr: CallExpr): CelType {
    const { name, target, args, offset } = expr
    if (name === '_[_]' || name === '_[?_]') return this.#index(expr)
    if (target) {
      const namespace = qualifiedName(target)
      const qualified = namespace && !this.#isKnown(namespace) ? `${namespace}.${name}` : undefined
      const declared = qualified && this.#scope.functions.get(qualified)
      if (declared) return this.#resolve(expr, declared, args)
      const member = this.#scope.functions.get(memberKey(name))
      if (name === 'format') for (const arg of args) this.#mixed.add(arg)
      const types = [target, ...args].map(arg => this.typeOf(arg))
      return member ? this.#resolve(expr, member, [target, ...args], types) : this.#undeclared(offset, name)
    }
    if (Object.hasOwn(logical, name)) return this.#logical(expr)
    const declared = this.#scope.functions.get(name)
    if (declared) return this.#resolve(expr, declared, args)
    for (const arg of args) this.typeOf(arg)
    return this.#undeclared(offset, name)
  }

  #resolve(
    expr: CallExpr,
    { name, member, overloads }: FunctionDeclaration,
    args: readonly Expr[],
    types: readonly CelType[] = args.map(arg => this.typeOf(arg)),
  ): CelType {
    const fitting: Overload[] = []
    let result: CelType | undefined
    for (const overload of overloads) {
      const bindings: Bindings = new Map()
      if (overload.params.length !== types.length) continue
      if (!overload.params.every((wanted, i) => isAssignable(wanted, types[i] ?? dyn, bindings))) continue
      fitting.push(overload)
      const own = substitute(overload.result, bindings)
      result = result === undefined || typeText(result) === typeText(own) ? own : dyn
    }
    if (!result) return this.#noOverload(expr.offset, name, types, member)
    this.calls.set(expr, { name, overloads: fitting, args })
    return result
  }

  #noOverload(offset: number, name: string, types: readonly CelType[], member = false): CelType {
    const [target, ...rest] = types.map(typeText)
    const applied = member ? `${target}.(${rest.join(', ')})` : `(${types.map(typeText).join(', ')})`
    return this.#fail(offset, `found no matching overload for '${name}' applied to '${applied}'`)
  }

  #logical({ name, args, offset }: CallExpr): CelType {
    const types = args.map(arg => this.typeOf(arg))
    const [first = dyn, second = dyn, third = dyn] = types
    if (name === '_?_:_') {
      const bindings: Bindings = new Map()
      const wanted: CelType = { kind: 'param', name: 'A' }
      const fits = isAssignable(bool, first, new Map()) && isAssignable(wanted, second, bindings)
      if (fits && isAssignable(wanted, third, bindings))
        return second.kind === 'dyn' || third.kind === 'dyn' ? dyn : (bindings.get('A') ?? dyn)
    } else if (types.every(type => isAssignable(bool, type, new Map()))) return bool
    return this.#noOverload(offset, name, types)
  }

  #index({ name, args, offset }: CallExpr): CelType {
    const [operand = dyn, index = dyn] = args.map(arg => this.typeOf(arg))
    const isOptional = operand.kind === 'opaque' && operand.name === 'optional_type'
    const target = isOptional ? (operand.params[0] ?? dyn) : operand
    let item: CelType | undefined
    if (target.kind === 'dyn') item = dyn
    else if (target.kind === 'list' && (index.kind === 'int' || index.kind === 'dyn')) item = target.item
    else if (target.kind === 'map' && isAssignable(target.key, index, new Map())) item = target.value
    if (!item) return this.#noOverload(offset, name, [operand, index])
    return isOptional || name === '_[?_]' ? optionalOf(item) : item
  }

  #list(list: Extract<Expr, { kind: 'list' }>): CelType {
    const { items, optionals } = list
    let item: CelType | undefined
    for (const [i, expr] of items.entries()) {
      const type = optionals.has(i) ? this.#unwrapped(expr) : this.typeOf(expr)
      item = this.#mixed.has(list) ? dyn : this.#common(item, type, expr.offset)
    }
    return listOf(item ?? dyn)
  }

  #unwrapped(expr: Expr): CelType {
    const type = this.typeOf(expr)
    if (type.kind === 'dyn') return dyn
    if (type.kind === 'opaque' && type.name === 'optional_type') return type.params[0] ?? dyn
    return this.#fail(expr.offset, `expected type 'optional_type(${typeText(type)})' but found '${typeText(type)}'`)
  }

  /** Lists and maps have values of one type. */
  #common(known: CelType | undefined, type: CelType, offset: number): CelType {
    if (!known) return type
    if (isAssignable(known, type, new Map())) return known
    if (isAssignable(type, known, new Map())) return type
    return this.#fail(offset, `expected type '${typeText(known)}' but found '${typeText(type)}'`)
  }

  #map({ entries }: Extract<Expr, { kind: 'map' }>): CelType {
    let keys: CelType | undefined
    let values: CelType | undefined
    for (const { key, value, optional } of entries) {
      keys = this.#common(keys, this.typeOf(key), key.offset)
      values = this.#common(values, optional ? this.#unwrapped(value) : this.typeOf(value), value.offset)
    }
    return mapOf(keys ?? dyn, values ?? dyn)
  }

  #struct({ type: name, fields, offset }: Extract<Expr, { kind: 'struct' }>): CelType {
    const type = this.#scope.types(name)
    for (const field of fields) {
      const given = field.optional ? this.#unwrapped(field.value) : this.typeOf(field.value)
      if (!type) continue
      const wanted = type.field(field.name)
      if (!wanted) this.#fail(field.offset, `undefined field '${field.name}'`)
      else if (!isAssignable(wanted, given, new Map()))
        this.#fail(
          field.offset,
          `expected type of field '${field.name}' is '${typeText(wanted)}' but provided type is '${typeText(given)}'`,
        )
    }
    return type ?? this.#undeclared(offset, name)
  }

  #comprehension(expr: ComprehensionExpr): CelType {
    const { macro, range, variables, filter, body, offset } = expr
    const over = this.typeOf(range)
    if (macro === 'optMap' || macro === 'optFlatMap') return this.#optional(expr, over)
    const [first = '', second] = variables
    let locals: { readonly [name: string]: CelType } = { [first]: dyn, ...(second ? { [second]: dyn } : {}) }
    if (over.kind === 'list') locals = second ? { [first]: int, [second]: over.item } : { [first]: over.item }
    else if (over.kind === 'map') locals = second ? { [first]: over.key, [second]: over.value } : { [first]: over.key }
    else if (over.kind !== 'dyn')
      return this.#fail(
        range.offset,
        `expression of type '${typeText(over)}' cannot be range of a comprehension (must be list, map, or dynamic)`,
      )
    const condition = filter && this.#within(locals, filter)
    if (condition && !isAssignable(bool, condition, new Map()))
      return this.#noOverload(offset, '_?_:_', [condition, dyn, dyn])
    const type = this.#within(locals, body)
    switch (macro) {
      case 'all':
      case 'exists':
        if (isAssignable(bool, type, new Map())) return bool
        return this.#noOverload(offset, macro === 'all' ? '_&&_' : '_||_', [bool, type])
      case 'existsOne':
        return isAssignable(bool, type, new Map()) ? bool : this.#noOverload(offset, '_?_:_', [type, int, int])
      case 'filter': {
        if (!isAssignable(bool, type, new Map()))
          return this.#noOverload(offset, '_?_:_', [type, listOf(locals[first] ?? dyn), listOf(dyn)])
        return listOf(locals[first] ?? dyn)
      }
      case 'map':
      case 'transformList':
        return listOf(type)
      case 'transformMap':
        return mapOf(over.kind === 'map' ? over.key : over.kind === 'list' ? int : dyn, type)
      case 'transformMapEntry':
        return type.kind === 'map' || type.kind === 'dyn' ? type : this.#noOverload(offset, 'cel.@mapInsert', [type])
    }
  }

  #optional({ macro, variables, body, offset }: ComprehensionExpr, over: CelType): CelType {
    if (over.kind !== 'dyn' && !(over.kind === 'opaque' && over.name === 'optional_type'))
      return this.#noOverload(offset, macro, [over], true)
    const inner = over.kind === 'opaque' ? (over.params[0] ?? dyn) : dyn
    const type = this.#within({ [variables[0] ?? '']: inner }, body)
    return macro === 'optMap' ? optionalOf(type) : type
  }
}

const literalTypes = { null: nullType, bool, int, uint, double, string: text, bytes } as const
const logical = { '_&&_': true, '_||_': true, '_?_:_': true }

/** `a.b.c`; undefined of anything but names. */
function qualifiedName(expr: Expr): string | undefined {
  if (expr.kind === 'ident') return expr.name
  if (expr.kind !== 'select' || expr.optional) return undefined
  const operand = qualifiedName(expr.operand)
  return operand && `${operand}.${expr.field}`
}
