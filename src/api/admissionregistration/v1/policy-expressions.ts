import {
  bool,
  type CelEnvironment,
  CelProgramError,
  type CelType,
  compile,
  dyn,
  listOf,
  nullType,
  type Program,
  text,
  typeText,
} from '../../../machinery/cel/index.js'
import { internalFieldError, invalidValue } from '../../../machinery/field-errors.js'
import { messageOf } from '../../../machinery/message-of.js'
import type { FieldPath } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'
import type { MatchCondition } from './match.js'
import type { MutatingAdmissionPolicy } from './mutating-admission-policy.js'
import type { Variable } from './policy.js'
import { applyType, jsonPatchType, policyEnvironment } from './policy-environment.js'
import type { ValidatingAdmissionPolicy } from './validating-admission-policy.js'

/** What is wrong with the expression of a field: at most one fault. */
export type FaultsAt = (path: FieldPath, expression: string | undefined) => readonly FieldError[]

/** Compiles expressions whose paths begin at `at`, and keeps what is wrong with them until their fields are checked. */
export function findFaults(at: FieldPath, compileAll: (onFault: OnFault) => unknown): FaultsAt {
  const faults = new Map<string, unknown>()
  compileAll((path, _, error) => {
    const field = path.reduce<FieldPath>(
      (parent, part) => (typeof part === 'number' ? parent.index(part) : parent.child(part)),
      at,
    )
    faults.set(field.toString(), error)
  })
  return (path, expression) => {
    const error = faults.size > 0 ? faults.get(path.toString()) : undefined
    if (error === undefined) return []
    if (error instanceof CelProgramError) return [internalFieldError(path, error.message)]
    return [invalidValue(path, expression ?? '', messageOf(error))]
  }
}

/** Told of each expression that does not compile: the path of the field below the policy's spec, and why. */
export type OnFault = (path: readonly (string | number)[], expression: string, error: unknown) => void

export interface NamedProgram {
  readonly name: string
  readonly program: Program
}

/** The expressions of a validating policy. Those that do not compile are left out. */
export interface ValidatingPrograms {
  readonly variables: readonly NamedProgram[]
  readonly conditions: readonly NamedProgram[]
  /** By the index of the validation. */
  readonly validations: readonly (Program | undefined)[]
  readonly messages: readonly (Program | undefined)[]
  readonly annotations: readonly (Program | undefined)[]
}

/** The expressions of a mutating policy. */
export interface MutatingPrograms {
  readonly variables: readonly NamedProgram[]
  readonly conditions: readonly NamedProgram[]
  readonly mutations: readonly (Program | undefined)[]
}

function attempt(
  path: readonly (string | number)[],
  expression: string,
  environment: CelEnvironment,
  wanted: readonly CelType[],
  onFault: OnFault,
): Program | undefined {
  // What is empty has been found fault with already.
  if (!expression.trim()) return undefined
  try {
    const program = compile(expression, environment)
    checkType(program.resultType, wanted)
    return program
  } catch (error) {
    onFault(path, expression, error)
    return undefined
  }
}

/** The result's very type is asked for: what is only known when it runs will not do. */
function checkType(type: CelType, wanted: readonly CelType[]): void {
  const texts = wanted.map(resultText)
  if (texts.length === 0 || texts.includes(resultText(type))) return
  throw new Error(
    texts.length === 1
      ? `must evaluate to ${texts[0]} but got ${resultText(type)}`
      : `must evaluate to one of [${texts.join(' ')}]`,
  )
}

const resultText = (type: CelType): string => (type.kind === 'null' ? 'null_type' : typeText(type))

/** Match conditions know neither parameters' results nor variables. */
export const compileConditions = (
  conditions: readonly MatchCondition[] | undefined,
  environment: CelEnvironment,
  onFault: OnFault,
): NamedProgram[] =>
  (conditions ?? []).flatMap(({ name, expression }, i) => {
    const program = attempt(['matchConditions', i, 'expression'], expression, environment, [bool], onFault)
    return program ? [{ name, program }] : []
  })

/** Each variable may use those before it. */
function compileVariables(
  variables: readonly Variable[] | undefined,
  options: { readonly hasParams: boolean; readonly mutates?: boolean },
  onFault: OnFault,
): { readonly programs: NamedProgram[]; readonly environment: CelEnvironment } {
  const programs: NamedProgram[] = []
  const types: Record<string, CelType> = {}
  ;(variables ?? []).forEach(({ name, expression }, i) => {
    const environment = policyEnvironment({ ...options, variables: { ...types } })
    const program = attempt(['variables', i, 'expression'], expression, environment, [], onFault)
    types[name] = program?.resultType ?? dyn
    if (program) programs.push({ name, program })
  })
  return { programs, environment: policyEnvironment({ ...options, variables: types }) }
}

export function compileValidatingPolicy(
  { spec }: Pick<ValidatingAdmissionPolicy, 'spec'>,
  onFault: OnFault,
): ValidatingPrograms {
  const hasParams = spec.paramKind !== undefined
  const conditions = compileConditions(spec.matchConditions, policyEnvironment({ hasParams }), onFault)
  const { programs, environment } = compileVariables(spec.variables, { hasParams }, onFault)
  return {
    conditions,
    variables: programs,
    validations: (spec.validations ?? []).map(({ expression }, i) =>
      attempt(['validations', i, 'expression'], expression, environment, [bool], onFault),
    ),
    messages: (spec.validations ?? []).map(({ messageExpression = '' }, i) =>
      attempt(['validations', i, 'messageExpression'], messageExpression, environment, [text], onFault),
    ),
    annotations: (spec.auditAnnotations ?? []).map(({ valueExpression }, i) =>
      attempt(['auditAnnotations', i, 'valueExpression'], valueExpression, environment, [text, nullType], onFault),
    ),
  }
}

export function compileMutatingPolicy(
  { spec }: Pick<MutatingAdmissionPolicy, 'spec'>,
  onFault: OnFault,
): MutatingPrograms {
  const hasParams = spec.paramKind !== undefined
  const conditions = compileConditions(spec.matchConditions, policyEnvironment({ hasParams }), onFault)
  const { programs, environment } = compileVariables(spec.variables, { hasParams, mutates: true }, onFault)
  return {
    conditions,
    variables: programs,
    mutations: (spec.mutations ?? []).map(({ patchType, applyConfiguration, jsonPatch }, i) =>
      patchType === 'JSONPatch'
        ? attempt(
            ['mutations', i, 'jsonPatch', 'expression'],
            jsonPatch?.expression ?? '',
            environment,
            [listOf(jsonPatchType)],
            onFault,
          )
        : attempt(
            ['mutations', i, 'applyConfiguration', 'expression'],
            applyConfiguration?.expression ?? '',
            environment,
            [applyType()],
            onFault,
          ),
    ),
  }
}
