import { compileRegex } from '../linear-regex.js'
import { messageOf } from '../message-of.js'
import { fromJson } from './adapt.js'
import { type Checked, check, memberKey, type Scope } from './checker.js'
import type { Range } from './cost.js'
import { estimateCost } from './estimate.js'
import { compileExpression, type Frame } from './evaluate.js'
import type { FunctionDeclaration } from './functions/declare.js'
import { kubernetesFunctions } from './functions/index.js'
import { CelSyntaxError } from './lexer.js'
import { parse } from './parser.js'
import { printIssues } from './source.js'
import { type CelType, dyn, isAssignable, type ObjectType, typeText } from './types.js'
import { CelCostError, CelError, type CelValue } from './values.js'

export interface CelEnvironment {
  readonly variables: { readonly [name: string]: CelType }
  /** Object types that expressions may construct: `Object.spec{...}`. */
  readonly types?: (name: string) => ObjectType | undefined
  /** Functions besides those of Kubernetes' libraries: those of the authorizer. */
  readonly functions?: readonly FunctionDeclaration[]
}

/** An expression that does not compile; the message is what users see, `compilation failed: ERROR: <input>:1:2: ...`. */
export class CelCompileError extends Error {
  override readonly name = 'CelCompileError'
}

/** An expression whose types are right, but which can never run: a pattern in it is none. */
export class CelProgramError extends CelCompileError {}

export interface EvaluationOptions {
  /** Evaluation is given up with CelCostError beyond it. Upstream's limit for one call, 1,000,000, if not given. */
  readonly costLimit?: number
}

export interface Evaluation {
  readonly value: CelValue
  readonly cost: number
}

/** Variables as JSON, as values, or as functions that are asked once when the variable is first used. */
export interface CelVariables {
  readonly [name: string]: unknown
}

export interface Program {
  readonly source: string
  readonly resultType: CelType
  /** Variables of the environment that the expression mentions. */
  readonly references: ReadonlySet<string>
  /** What a run may cost, by the sizes that the types of the variables allow. */
  readonly estimatedCost: Range
  /** Throws CelError where the values do not fit the expression, CelCostError beyond the limit. */
  evaluate(variables: CelVariables, options?: EvaluationOptions): Evaluation
}

/** Upstream's limit of one evaluation. */
const perCallCostLimit = 1_000_000

const functionsByName = new WeakMap<readonly FunctionDeclaration[], Map<string, FunctionDeclaration>>()

function indexed(functions: readonly FunctionDeclaration[]): Map<string, FunctionDeclaration> {
  let index = functionsByName.get(functions)
  if (!index) {
    index = new Map()
    for (const declaration of functions) {
      const key = declaration.member ? memberKey(declaration.name) : declaration.name
      const known = index.get(key)
      index.set(key, known ? { ...known, overloads: [...known.overloads, ...declaration.overloads] } : declaration)
    }
    functionsByName.set(functions, index)
  }
  return index
}

const scopes = new WeakMap<CelEnvironment, Scope>()

function scopeOf(environment: CelEnvironment): Scope {
  let scope = scopes.get(environment)
  if (!scope) {
    const { variables, types = () => undefined, functions } = environment
    const own = functions ? indexed([...kubernetesFunctions, ...functions]) : indexed(kubernetesFunctions)
    scopes.set(environment, (scope = { variables, types, functions: own }))
  }
  return scope
}

/**
 * Compiles an expression. Throws CelCompileError, also if the result is of none of the wanted types (any is fine if none
 * are given; what is only known when it runs is fine, too).
 */
export function compile(source: string, environment: CelEnvironment, wanted: readonly CelType[] = []): Program {
  const scope = scopeOf(environment)
  const expr = parsed(source)
  const checked = check(expr, scope)
  if (checked.issues.length > 0) throw new CelCompileError(`compilation failed: ${printIssues(source, checked.issues)}`)
  checkResult(checked, wanted)
  checkPatterns(checked)
  let estimate: Range | undefined
  const run = compileExpression(expr, checked)
  return {
    source,
    resultType: checked.type,
    references: checked.references,
    get estimatedCost() {
      return (estimate ??= estimateCost(expr, checked, environment.variables))
    },
    evaluate(variables, { costLimit = perCallCostLimit } = {}) {
      const known = new Map<string, CelValue>()
      const frame: Frame = {
        variable(name) {
          let value = known.get(name)
          if (value === undefined)
            known.set(name, (value = variableValue(variables[name], environment.variables[name] ?? dyn)))
          return value
        },
        locals: [],
        cost: 0,
        costLimit,
      }
      try {
        const value = run(frame)
        return { value, cost: frame.cost }
      } catch (error) {
        if (error instanceof CelCostError || error instanceof CelError) throw error
        if (error instanceof RangeError) throw new CelError(error.message)
        throw error
      }
    },
  }
}

/** The type of an expression, or what is wrong with it as cel-go prints it: `ERROR: <input>:1:2: ...`. */
export function checkTypes(
  source: string,
  environment: CelEnvironment,
): { readonly type: CelType } | { readonly fault: string } {
  try {
    const { type, issues } = check(parse(source), scopeOf(environment))
    return issues.length > 0 ? { fault: printIssues(source, issues) } : { type }
  } catch (error) {
    if (!(error instanceof CelSyntaxError)) throw error
    return { fault: printIssues(source, [error.issue]) }
  }
}

const takePatterns = new Set(['matches', 'find', 'findAll'])

/** Patterns that are written out are looked at before anything runs. */
function checkPatterns({ calls }: Checked): void {
  for (const { name, args } of calls.values()) {
    const pattern = takePatterns.has(name) ? args[1] : undefined
    if (pattern?.kind !== 'literal' || typeof pattern.value.value !== 'string') continue
    try {
      compileRegex(pattern.value.value)
    } catch (error) {
      throw new CelProgramError(`program instantiation failed: ${messageOf(error)}`)
    }
  }
}

function variableValue(given: unknown, type: CelType): CelValue {
  return fromJson(typeof given === 'function' ? given() : given, type)
}

function parsed(source: string) {
  try {
    return parse(source)
  } catch (error) {
    if (!(error instanceof CelSyntaxError)) throw error
    throw new CelCompileError(`compilation failed: ${printIssues(source, [error.issue])}`)
  }
}

function checkResult({ type }: Checked, wanted: readonly CelType[]): void {
  if (wanted.length === 0 || type.kind === 'dyn') return
  if (wanted.some(accepted => isAssignable(accepted, type, new Map()))) return
  const [only, ...more] = wanted.map(typeText)
  const expected = more.length === 0 ? only : `one of [${[only, ...more].join(' ')}]`
  throw new CelCompileError(`must evaluate to ${expected} but got ${typeText(type)}`)
}
