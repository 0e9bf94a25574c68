import {
  bool,
  CelCompileError,
  CelCostError,
  CelError,
  type CelType,
  compile,
  fromJson,
  isAssignable,
  Optional,
  optionalOf,
  type Program,
  text,
} from '../../../machinery/cel/index.js'
import { duplicate, forbiddenField, invalidValue, omitted, required } from '../../../machinery/field-errors.js'
import { jsonEqual } from '../../../machinery/json-equal.js'
import type { FieldError } from '../../../machinery/status-error.js'
import type { JSONSchemaProps, ValidationRule } from '../v1/index.js'
import { celTypeOf } from './cel-types.js'
import { oldItems } from './correlate.js'
import { isJsonObject, ownField } from './json-types.js'
import { itemsOf, valuesOf } from './structure.js'

/** All rules of an object together may cost as much. */
const objectBudget = 10_000_000

/** A rule of a schema, compiled. */
export interface CompiledRule {
  readonly rule: ValidationRule
  readonly program: Program
  readonly message: Program | undefined
  /** It compares with the old value, so it says nothing of new ones (unless it asks whether there is one). */
  readonly isTransition: boolean
  readonly oldIsOptional: boolean
}

/** Which part of a rule does not compile. */
export class RuleCompileError extends CelCompileError {
  constructor(
    message: string,
    readonly part: 'rule' | 'messageExpression',
  ) {
    super(message)
  }
}

/** Compiles one rule for values of a type; throws RuleCompileError. */
export function compileRule(rule: ValidationRule, type: CelType): CompiledRule {
  const oldIsOptional = rule.optionalOldSelf === true
  const environment = { variables: { self: type, oldSelf: oldIsOptional ? optionalOf(type) : type } }
  const program = compilePartOf('rule', '', rule.rule, environment)
  if (!isAssignable(bool, program.resultType, new Map()))
    throw new RuleCompileError('cel expression must evaluate to a bool', 'rule')
  const { messageExpression } = rule
  const prefix = 'messageExpression '
  const message = messageExpression
    ? compilePartOf('messageExpression', prefix, messageExpression, environment)
    : undefined
  if (message && !isAssignable(text, message.resultType, new Map()))
    throw new RuleCompileError(`${prefix}must evaluate to a string`, 'messageExpression')
  return { rule, program, message, isTransition: program.references.has('oldSelf'), oldIsOptional }
}

function compilePartOf(
  part: RuleCompileError['part'],
  prefix: string,
  source: string,
  environment: Parameters<typeof compile>[1],
): Program {
  try {
    return compile(source, environment)
  } catch (error) {
    if (!(error instanceof CelCompileError)) throw error
    throw new RuleCompileError(prefix + error.message, part)
  }
}

/** Told in place of the rules, when values are not of the types that the rules are made for. */
export const rulesPlaceholder: FieldError = invalidValue(
  '',
  null,
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
)

interface Run {
  budget: number
  readonly errors: FieldError[]
}

/** Checks a value; `unchanged` says that it is what it was, so that only transitions are looked at. */
type RuleCheck = (value: unknown, path: string, old: unknown, run: Run, unchanged: boolean) => void

export type RulesCheck = (object: unknown, old?: unknown) => FieldError[]

/** Compiles the rules of a schema; undefined if it has none. */
export function compileRules(schema: JSONSchemaProps): RulesCheck | undefined {
  const check = compilePart(schema, true)
  if (!check) return undefined
  return (object, old) => {
    const run: Run = { budget: objectBudget, errors: [] }
    check(object, '', old, run, false)
    return run.errors
  }
}

function compilePart(schema: JSONSchemaProps, isRoot: boolean): RuleCheck | undefined {
  const own = ownRules(schema, isRoot)
  const fields = Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    if (isRoot && name === 'metadata') return []
    const check = compilePart(property, false)
    return check ? [[name, check] as const] : []
  })
  const values = valuesOf(schema)
  const checkValue = values && compilePart(values, false)
  const items = itemsOf(schema)
  const checkItem = items && compilePart(items, false)
  if (!own && fields.length === 0 && !checkValue && !checkItem) return undefined
  const before = oldItems(schema)
  return (value, path, old, run, unchanged) => {
    if (run.budget < 0 || value === null || value === undefined) return
    const same = unchanged || (old !== undefined && jsonEqual(value, old))
    own?.(value, path, old, run, same)
    if (Array.isArray(value)) {
      const counterpart = before(value, old)
      if (checkItem)
        for (const [i, item] of value.entries()) checkItem(item, `${path}[${i}]`, counterpart(item, i), run, same)
    } else if (isJsonObject(value)) {
      const olds = isJsonObject(old) ? old : {}
      const at = (name: string): string => (path === '' ? name : `${path}.${name}`)
      for (const [name, check] of fields) check(ownField(value, name), at(name), ownField(olds, name), run, same)
      if (checkValue)
        for (const [name, item] of Object.entries(value))
          if (!Object.hasOwn(schema.properties ?? {}, name))
            checkValue(item, `${path}[${name}]`, ownField(olds, name), run, same)
    }
  }
}

function ownRules(schema: JSONSchemaProps, isRoot: boolean): RuleCheck | undefined {
  const rules = schema['x-kubernetes-validations']
  const type = rules?.length ? celTypeOf(schema, isRoot) : undefined
  if (!rules || !type) return undefined
  // Made when the first object comes: definitions are many, and most are never used.
  let compiled: readonly (CompiledRule | FieldError)[] | undefined
  return (value, path, old, run, unchanged) => {
    compiled ??= rules.map(rule => {
      try {
        return compileRule(rule, type)
      } catch (error) {
        if (!(error instanceof CelCompileError)) throw error
        return invalidValue('', omitted, `rule compile error: ${error.message}`)
      }
    })
    for (const one of compiled) {
      if (run.budget < 0) return
      if (!('program' in one)) run.errors.push({ ...one, field: path || '<nil>' })
      else evaluate(one, value, path, old, type, run, unchanged)
    }
  }
}

/** Values that are short enough are told. */
const shownValue = (value: unknown): unknown => (typeof value === 'object' ? omitted : value)

function evaluate(
  { rule, program, message, isTransition, oldIsOptional }: CompiledRule,
  value: unknown,
  path: string,
  old: unknown,
  type: CelType,
  run: Run,
  unchanged: boolean,
): void {
  if (isTransition ? old === undefined && !oldIsOptional : unchanged) return
  const oldSelf = oldIsOptional
    ? new Optional(old === undefined || old === null ? undefined : fromJson(old, type))
    : old
  const variables = { self: value, oldSelf }
  const fault = (detail: string): void => void run.errors.push(invalidValue(path, shownValue(value), detail))
  const named = (rule.message || rule.rule).trim()
  try {
    const { value: holds, cost } = program.evaluate(variables)
    run.budget -= cost
    if (run.budget < 0) {
      fault('validation failed due to running out of cost budget, no further validation rules will be run')
      return
    }
    if (holds === true) return
    const detail = messageOf(message, variables, run) ?? (rule.message?.trim() || `failed rule: ${rule.rule.trim()}`)
    run.errors.push(failure(rule, path + (rule.fieldPath ? rulePath(rule.fieldPath, path) : ''), value, detail))
  } catch (error) {
    if (error instanceof CelCostError) {
      fault(
        `'${error.message}': no further validation rules will be run due to call cost exceeds limit for rule: ${named}`,
      )
      run.budget = -1
    } else if (!(error instanceof CelError)) throw error
    else if (error.message.startsWith('no such overload'))
      fault(
        `'${error.message}': call arguments did not match a supported operator, function or macro signature for rule: ${named}`,
      )
    else fault(`${error.message} evaluating rule: ${named}`)
  }
}

/** `.a.b` below a path; at the root it has no leading dot. */
const rulePath = (fieldPath: string, path: string): string => {
  const plain = fieldPath.trim().replace(/\['([^']*)'\]/g, '.$1')
  return path === '' ? plain.replace(/^\./, '') : plain
}

/** A message that cannot be made, or is none, is replaced by the rule's other one. */
function messageOf(message: Program | undefined, variables: object, run: Run): string | undefined {
  if (!message) return undefined
  try {
    const { value, cost } = message.evaluate(variables as { readonly [name: string]: unknown })
    run.budget -= cost
    const made = typeof value === 'string' ? value.trim() : ''
    return made === '' || made.includes('\n') || made.length > 5 * 1024 ? undefined : made
  } catch (error) {
    if (error instanceof CelError || error instanceof CelCostError) return undefined
    throw error
  }
}

function failure({ reason }: ValidationRule, path: string, value: unknown, detail: string): FieldError {
  switch (reason) {
    case 'FieldValueForbidden':
      return forbiddenField(path, detail)
    case 'FieldValueRequired':
      return required(path, detail)
    case 'FieldValueDuplicate':
      return duplicate(path, shownValue(value))
    default:
      return invalidValue(path, shownValue(value), detail)
  }
}
