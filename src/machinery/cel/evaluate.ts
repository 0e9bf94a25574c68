import type { CallExpr, Expr } from './ast.js'
import type { Checked } from './checker.js'
import { compileComprehension } from './comprehensions.js'
import { callCostOf, listBase, mapBase, structBase } from './cost.js'
import type { Overload } from './functions/declare.js'
import type { CelType } from './types.js'
import {
  CelCostError,
  CelError,
  type CelValue,
  Duration,
  EntryMap,
  ListValue,
  MapValue,
  none,
  OpaqueValue,
  Optional,
  sizeOf,
  Timestamp,
  TypeValue,
  Uint,
} from './values.js'

/** What one evaluation carries along. */
export interface Frame {
  /** Variables of the environment. */
  readonly variable: (name: string) => CelValue
  /** Variables of macros, by their depth. */
  readonly locals: CelValue[]
  cost: number
  readonly costLimit: number
}

export type Run = (frame: Frame) => CelValue

/** Adds to the cost; throws CelCostError when that gets too much. */
export function spend(frame: Frame, cost: number): void {
  frame.cost += cost
  if (frame.cost > frame.costLimit) throw new CelCostError()
}

/** Turns a checked expression into a function. */
export function compileExpression(expr: Expr, checked: Checked): Run {
  return new Compiler(checked).run(expr, new Map())
}

/** Where the variables of macros are kept. */
export type Slots = ReadonlyMap<string, number>

export class Compiler {
  constructor(private readonly checked: Checked) {}

  run(expr: Expr, slots: Slots): Run {
    switch (expr.kind) {
      case 'literal': {
        const { type, value } = expr.value
        const constant: CelValue = type === 'uint' ? new Uint(value as bigint) : value
        return () => constant
      }
      case 'ident':
        return this.#ident(expr, expr.name, slots)
      case 'select':
        return this.#select(expr, slots)
      case 'has': {
        const operand = this.run(expr.operand, slots)
        return frame => fieldOf(operand(frame), expr.field) !== undefined
      }
      case 'call':
        return this.#call(expr, slots)
      case 'list':
        return this.#list(expr, slots)
      case 'map':
        return this.#map(expr, slots)
      case 'struct': {
        const fields = expr.fields.map(({ name, value, optional }) => ({
          name,
          optional,
          value: this.run(value, slots),
        }))
        return frame => {
          spend(frame, structBase)
          const entries = new EntryMap()
          for (const { name, optional, value } of fields) {
            const given = value(frame)
            if (!optional) entries.set(name, given)
            else if (given instanceof Optional && given.value !== undefined) entries.set(name, given.value)
          }
          return entries
        }
      }
      case 'bind': {
        const value = this.run(expr.value, slots)
        const slot = slots.size
        const body = this.run(expr.body, new Map([...slots, [expr.name, slot]]))
        return frame => {
          spend(frame, listBase)
          const bound = value(frame)
          frame.locals[slot] = bound
          return body(frame)
        }
      }
      case 'comprehension':
        return compileComprehension(this, expr, slots)
    }
  }

  #ident(expr: Expr, name: string, slots: Slots): Run {
    const typeName = this.checked.typeNames.get(expr)
    if (typeName !== undefined) {
      const type = new TypeValue(typeName)
      return () => type
    }
    const slot = slots.get(name)
    return frame => {
      spend(frame, 1)
      return slot === undefined ? frame.variable(name) : (frame.locals[slot] ?? null)
    }
  }

  #select(expr: Extract<Expr, { kind: 'select' }>, slots: Slots): Run {
    const typeName = this.checked.typeNames.get(expr)
    if (typeName !== undefined) return this.#ident(expr, typeName, slots)
    const operand = this.run(expr.operand, slots)
    const { field, optional } = expr
    return frame => {
      const target = operand(frame)
      spend(frame, 1)
      if (target instanceof Optional) return optionalField(target, field)
      const value = fieldOf(target, field)
      if (optional) return value === undefined ? none : new Optional(value)
      if (value === undefined) throw new CelError(`no such key: ${field}`)
      return value
    }
  }

  #list({ items, optionals }: Extract<Expr, { kind: 'list' }>, slots: Slots): Run {
    const runs = items.map(item => this.run(item, slots))
    return frame => {
      spend(frame, listBase)
      const values: CelValue[] = []
      for (const [i, run] of runs.entries()) {
        const value = run(frame)
        if (!optionals.has(i)) values.push(value)
        else if (value instanceof Optional && value.value !== undefined) values.push(value.value)
      }
      return new ListValue(values)
    }
  }

  #map({ entries }: Extract<Expr, { kind: 'map' }>, slots: Slots): Run {
    const runs = entries.map(({ key, value, optional }) => ({
      key: this.run(key, slots),
      value: this.run(value, slots),
      optional,
    }))
    return frame => {
      spend(frame, mapBase)
      const map = new EntryMap()
      for (const { key, value, optional } of runs) {
        const name = key(frame)
        const given = value(frame)
        if (map.get(name) !== undefined) throw new CelError(`Failed with repeated key`)
        if (!optional) map.set(name, given)
        else if (given instanceof Optional && given.value !== undefined) map.set(name, given.value)
      }
      return map
    }
  }

  #call(expr: CallExpr, slots: Slots): Run {
    const call = this.checked.calls.get(expr)
    const args = (call?.args ?? expr.args).map(arg => this.run(arg, slots))
    switch (expr.name) {
      case '_&&_':
        return shortCircuit(args, false)
      case '_||_':
        return shortCircuit(args, true)
      case '_?_:_': {
        const [condition, yes, no] = args as [Run, Run, Run]
        return frame => (truth(condition(frame)) ? yes(frame) : no(frame))
      }
      case '_[_]':
      case '_[?_]':
        return index(args as [Run, Run], expr.name === '_[?_]')
    }
    if (!call) throw new Error(`${expr.name} was not checked`)
    return dispatch(call.name, call.overloads, args)
  }
}

export function truth(value: CelValue): boolean {
  if (typeof value !== 'boolean') throw new CelError('no such overload')
  return value
}

/** `&&` and `||`: what decides the matter wins over an error on the other side. */
function shortCircuit([left, right]: readonly Run[], decisive: boolean): Run {
  return frame => {
    let fault: unknown
    for (const side of [left, right]) {
      try {
        if (side && truth(side(frame)) === decisive) return decisive
      } catch (error) {
        if (!(error instanceof CelError)) throw error
        fault ??= error
      }
    }
    if (fault) throw fault
    return !decisive
  }
}

function index([target, position]: readonly [Run, Run], optional: boolean): Run {
  const at = (container: CelValue, key: CelValue): CelValue | undefined => {
    if (container instanceof MapValue) {
      const value = container.get(key)
      if (value === undefined && !optional)
        throw new CelError(`no such key: ${typeof key === 'string' ? key : String(key)}`)
      return value
    }
    if (!(container instanceof ListValue)) throw new CelError('no such overload')
    const number = key instanceof Uint ? key.value : key
    if (typeof number !== 'bigint') throw new CelError('no such overload')
    if (number >= 0n && number < BigInt(container.size)) return container.get(Number(number))
    if (optional) return undefined
    throw new CelError(`index out of bounds: ${number}`)
  }
  return frame => {
    const container = target(frame)
    const key = position(frame)
    spend(frame, 1)
    if (container instanceof Optional) {
      if (container.value === undefined) return none
      const value = at(container.value, key)
      return value === undefined ? none : new Optional(value)
    }
    const value = at(container, key)
    if (optional) return value === undefined ? none : new Optional(value)
    return value ?? null
  }
}

function fieldOf(target: CelValue, field: string): CelValue | undefined {
  if (target instanceof Optional) return target.value === undefined ? undefined : fieldOf(target.value, field)
  if (target instanceof MapValue) return target.get(field)
  throw new CelError('no such overload')
}

function optionalField({ value: target }: Optional, field: string): Optional {
  const value = target === undefined ? undefined : fieldOf(target, field)
  return value === undefined ? none : new Optional(value)
}

/** Calls the overload that the values fit, and charges for it. */
function dispatch(name: string, overloads: readonly Overload[], runs: readonly Run[]): Run {
  const ways = overloads.map(overload => ({
    overload,
    cost: callCostOf(
      name,
      overload.params.map(({ kind }) => kind),
    ),
  }))
  return frame => {
    const args = runs.map(run => run(frame))
    const way = ways.find(({ overload }) => overload.params.every((type, i) => fits(type, args[i] ?? null)))
    if (!way) throw new CelError('no such overload')
    spend(frame, way.cost ? way.cost(args.map(sizeRange), () => itemSize(args[0] ?? null)).cost.max : 1)
    return way.overload.call(args)
  }
}

const sizeRange = (value: CelValue) => {
  const size = typeof value === 'string' ? value.length : (sizeOf(value) ?? 1)
  return { min: size, max: size }
}

function itemSize(value: CelValue): { readonly min: number; readonly max: number } | undefined {
  if (!(value instanceof ListValue) || value.size === 0) return undefined
  let max = 0
  for (const item of value) if (typeof item === 'string') max = Math.max(max, item.length)
  return max > 0 ? { min: max, max } : undefined
}

/** Whether a value may stand where the type is wanted; of a list, the first item tells. */
function fits(type: CelType, value: CelValue): boolean {
  switch (type.kind) {
    case 'dyn':
    case 'param':
      return true
    case 'null':
      return value === null
    case 'bool':
      return typeof value === 'boolean'
    case 'int':
      return typeof value === 'bigint'
    case 'uint':
      return value instanceof Uint
    case 'double':
      return typeof value === 'number'
    case 'string':
      return typeof value === 'string'
    case 'bytes':
      return value instanceof Uint8Array
    case 'duration':
      return value instanceof Duration
    case 'timestamp':
      return value instanceof Timestamp
    case 'type':
      return value instanceof TypeValue
    case 'list':
      return value instanceof ListValue && (value.size === 0 || fits(type.item, value.get(0)))
    case 'map':
    case 'object':
      return value instanceof MapValue
    case 'opaque':
      if (type.name === 'optional_type') return value instanceof Optional
      return value instanceof OpaqueValue && value.typeName === type.name
  }
}
