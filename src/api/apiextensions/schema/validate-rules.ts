import { CelCompileError, unlimited } from '../../../machinery/cel/index.js'
import { forbiddenField, invalidValue, notSupported, required, Shown } from '../../../machinery/field-errors.js'
import { goJson } from '../../../machinery/go-format.js'
import type { FieldPath } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'
import type { JSONSchemaProps, ValidationRule } from '../v1/index.js'
import { celTypeOf, mostInRequest } from './cel-types.js'
import { whyInconvertible } from './convertible.js'
import { followPath } from './field-path.js'
import { type CompiledRule, compileRule, RuleCompileError } from './rules.js'
import { isEmbedded } from './structure.js'
import type { Place } from './validate-schema.js'

/** What one rule may cost, times how often it can be asked in an object, and what all of a schema may together. */
const ruleLimit = 10_000_000
const schemaLimit = 100_000_000
/** So many of the most expensive rules are named. */
const namedRules = 4

const reasons = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired']

/** Adds up what the rules of a schema cost. */
export class RuleCosts {
  readonly #known: { readonly path: FieldPath; readonly cost: number }[] = []

  add(path: FieldPath, cost: number): void {
    this.#known.push({ path, cost })
  }

  /** What is wrong with them all together. */
  errors(schema: FieldPath): FieldError[] {
    const total = this.#known.reduce((sum, { cost }) => Math.min(sum + cost, unlimited), 0)
    if (total <= schemaLimit) return []
    const expensive = this.#known.toSorted((a, b) => b.cost - a.cost).slice(0, namedRules)
    return [
      ...expensive.map(({ path }) =>
        forbiddenField(
          path,
          'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema',
        ),
      ),
      forbiddenField(
        schema,
        exceeds('x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema', total, schemaLimit),
      ),
    ]
  }
}

function exceeds(what: string, cost: number, limit: number): string {
  const factor = cost / limit
  const times = factor > 100 ? 'more than 100x' : factor < 1.5 ? `${factor.toFixed(6)}x` : `${factor.toFixed(1)}x`
  return `${what} exceeds budget by factor of ${times} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`
}

/** What can be said of the expressions of one part without understanding them. */
export const validateRuleTexts = (schema: JSONSchemaProps, path: FieldPath): FieldError[] =>
  (schema['x-kubernetes-validations'] ?? []).flatMap((rule, i) =>
    validateTexts(rule, schema, path.child('x-kubernetes-validations').index(i)),
  )

/** Rules for the expressions of one part of a schema that is in order. */
export function validateRules(schema: JSONSchemaProps, path: FieldPath, place: Place): FieldError[] {
  const rules = schema['x-kubernetes-validations'] ?? []
  const type = rules.length > 0 && celTypeOf(schema, place.isRoot || isEmbedded(schema))
  if (!type) return []
  const at = path.child('x-kubernetes-validations')
  return rules.flatMap((rule, i) => validateRule(rule, schema, at.index(i), place, () => compileRule(rule, type)))
}

function validateTexts(rule: ValidationRule, schema: JSONSchemaProps, path: FieldPath): FieldError[] {
  const { message = '', messageExpression, reason, fieldPath } = rule
  const errors: FieldError[] = []
  const text = rule.rule.trim()
  const said = message.trim()
  const at = path.child('message')
  if (!text) errors.push(required(path.child('rule'), 'rule is not specified'))
  else if (message && !said) errors.push(invalidValue(at, message, 'message must be non-empty if specified'))
  else if (lineBreak.test(said)) errors.push(invalidValue(at, message, 'message must not contain line breaks'))
  else if (lineBreak.test(text) && !said)
    errors.push(required(at, 'message must be specified if rule contains line breaks'))
  if (messageExpression && !messageExpression.trim())
    errors.push(required(path.child('messageExpression'), 'messageExpression must be non-empty if specified'))
  if (reason !== undefined && !reasons.includes(reason))
    errors.push(notSupported(path.child('reason'), reason, reasons))
  if (fieldPath) errors.push(...validateFieldPath(fieldPath, schema, path.child('fieldPath')))
  return errors
}

const lineBreak = /[\n\r]/

function* validateFieldPath(text: string, schema: JSONSchemaProps, at: FieldPath): Iterable<FieldError> {
  if (!text.trim()) yield invalidValue(at, text, 'fieldPath must be non-empty if specified')
  if (lineBreak.test(text)) yield invalidValue(at, text, 'fieldPath must not contain line breaks')
  if (!whyInconvertible(schema) && 'why' in followPath(text, schema))
    yield invalidValue(at, text, 'fieldPath must be a valid path')
}

function validateRule(
  rule: ValidationRule,
  schema: JSONSchemaProps,
  path: FieldPath,
  { cardinality = mostInRequest(schema), costs, uncorrelatable }: Place,
  make: () => CompiledRule,
): FieldError[] {
  let compiled: CompiledRule
  try {
    compiled = make()
  } catch (error) {
    if (!(error instanceof CelCompileError)) throw error
    const part = error instanceof RuleCompileError ? error.part : 'rule'
    return [invalidValue(path.child(part), new Shown(goJson(shownRule(rule))), error.message)]
  }
  const errors: FieldError[] = []
  const check = (part: string, what: string, max: number, times: number): void => {
    const cost = Math.min(max * times, unlimited)
    if (cost > ruleLimit) errors.push(forbiddenField(path.child(part), exceeds(what, cost, ruleLimit)))
    costs.add(path.child(part), cost)
  }
  check('rule', 'estimated rule cost', compiled.program.estimatedCost.max, cardinality)
  if (compiled.message)
    check('messageExpression', 'estimated messageExpression cost', compiled.message.estimatedCost.max, 1)
  if (compiled.isTransition && uncorrelatable)
    errors.push(
      invalidValue(
        path.child('rule'),
        rule.rule,
        `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelatable}`,
      ),
    )
  else if (rule.optionalOldSelf !== undefined && !compiled.isTransition)
    errors.push(
      invalidValue(
        path.child('optionalOldSelf'),
        rule.optionalOldSelf,
        'may not be set if oldSelf is not used in rule',
      ),
    )
  return errors
}

/** A rule by the names that upstream's memory has. */
const shownRule = (rule: ValidationRule): object => ({
  Rule: rule.rule,
  Message: rule.message ?? '',
  MessageExpression: rule.messageExpression ?? '',
  Reason: rule.reason ?? null,
  FieldPath: rule.fieldPath ?? '',
  OptionalOldSelf: rule.optionalOldSelf ?? null,
})
