import {
  bool,
  bytes,
  type CelType,
  double,
  duration,
  dyn,
  int,
  listOf,
  mapOf,
  nullType,
  opaque,
  param,
  text,
  timestamp,
  typeType,
  uint,
} from '../types.js'
import type { CelValue } from '../values.js'

export type Call = (args: readonly CelValue[]) => CelValue

/** One way to call a function; of a member function the first parameter is the target. */
export interface Overload {
  readonly params: readonly CelType[]
  readonly result: CelType
  readonly call: Call
}

export interface FunctionDeclaration {
  readonly name: string
  readonly member: boolean
  readonly overloads: readonly Overload[]
}

const scalars: { readonly [name: string]: CelType } = {
  bool,
  bytes,
  double,
  duration,
  dyn,
  int,
  null: nullType,
  string: text,
  timestamp,
  type: typeType,
  uint,
}

/** Reads `int`, `list(T)`, `map(K, V)`, `optional_type(T)`, `net.IP`; single capitals are type parameters. */
function typeOf(source: string): CelType {
  const trimmed = source.trim()
  const outer = /^([\w.]+)\((.*)\)$/.exec(trimmed)
  if (outer) {
    const params = split(outer[2] ?? '').map(typeOf)
    if (outer[1] === 'list') return listOf(params[0] ?? dyn)
    if (outer[1] === 'map') return mapOf(params[0] ?? dyn, params[1] ?? dyn)
    return opaque(outer[1] ?? '', ...params)
  }
  if (/^[A-Z]$/.test(trimmed)) return param(trimmed)
  return scalars[trimmed] ?? opaque(trimmed)
}

/** Splits at the commas that stand in no parentheses. */
function split(source: string): string[] {
  const parts: string[] = []
  let depth = 0
  let part = ''
  for (const char of source) {
    if (char === '(') depth++
    if (char === ')') depth--
    if (char === ',' && depth === 0) {
      parts.push(part)
      part = ''
    } else part += char
  }
  if (part.trim()) parts.push(part)
  return parts
}

/**
 * Functions by signature: `size(string): int`; `string.size(): int` of a member function; `sets::contains(...): bool` of
 * one in a namespace, which is called `sets.contains`.
 */
export interface Signatures {
  readonly [signature: string]: (...args: never[]) => CelValue
}

/** Declares functions. The types of the arguments are as their signature says: the checker and dispatch see to it. */
export function declare(signatures: Signatures): FunctionDeclaration[] {
  const byName = new Map<string, { name: string; member: boolean; overloads: Overload[] }>()
  for (const [signature, implementation] of Object.entries(signatures)) {
    const { target, name, params, result } = readSignature(signature)
    const key = `${target === undefined ? '' : '.'}${name}`
    let declaration = byName.get(key)
    if (!declaration) byName.set(key, (declaration = { name, member: target !== undefined, overloads: [] }))
    declaration.overloads.push({
      params: [...(target === undefined ? [] : [typeOf(target)]), ...split(params).map(typeOf)],
      result: typeOf(result),
      call: args => (implementation as (...args: readonly CelValue[]) => CelValue)(...args),
    })
  }
  return [...byName.values()]
}

/** The target of a member function ends at the dot before the name: types have dots and parentheses of their own. */
function readSignature(signature: string) {
  const colon = signature.lastIndexOf('): ')
  const open = matchingParenthesis(signature, colon)
  const head = signature.slice(0, open)
  const rest = { params: signature.slice(open + 1, colon), result: signature.slice(colon + 3) }
  if (head.includes('::')) return { target: undefined, name: head.replace('::', '.'), ...rest }
  const dot = head.lastIndexOf('.')
  return { target: dot < 0 ? undefined : head.slice(0, dot), name: head.slice(dot + 1), ...rest }
}

function matchingParenthesis(signature: string, close: number): number {
  let depth = 0
  for (let at = close; at >= 0; at--) {
    if (signature[at] === ')') depth++
    if (signature[at] === '(' && --depth === 0) return at
  }
  throw new Error(`${signature} is no signature of a function`)
}
