import { duplicate, forbiddenField, invalidValue, invalidValues, required } from '../../../machinery/field-errors.js'
import { cIdentifier, dns1035Label, dns1123Subdomain, pathSegmentName } from '../../../machinery/names.js'
import type { FieldPath } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { validateLabelSelector } from '../../../machinery/validate-labels.js'
import type { Draft } from '../../../schema/index.js'
import { requiredOneOf, requiredText } from '../../field-rules.js'
import type { MatchResources } from './match.js'
import type { ParamKind, ParamRef, Variable } from './policy.js'
import type { FaultsAt } from './policy-expressions.js'
import { validateOperationRule } from './webhook-rules.js'

/** What a policy or its binding leaves out of the resources it is about. */
export function defaultMatchResources(match: Draft<MatchResources> | undefined): void {
  if (!match) return
  match.matchPolicy ??= 'Equivalent'
  match.namespaceSelector ??= {}
  match.objectSelector ??= {}
  for (const rule of [...(match.resourceRules ?? []), ...(match.excludeResourceRules ?? [])]) rule.scope ??= '*'
}

export function validateMatchResources(match: MatchResources, at: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  for (const field of ['namespaceSelector', 'objectSelector'] as const)
    errors.push(...(match[field] ? validateLabelSelector(match[field], at.child(field)) : [required(at.child(field))]))
  for (const list of ['resourceRules', 'excludeResourceRules'] as const)
    match[list]?.forEach((rule, i) => {
      {
        const here = at.child(list).index(i)
        const { resourceNames = [] } = rule
        resourceNames.forEach((name, j) => {
          {
            const faults = pathSegmentName(name)
            const place = here.child('resourceNames').index(j)
            if (faults.length > 0) errors.push(invalidValue(place, name, faults.join(',')))
            if (resourceNames.indexOf(name) < j) errors.push(duplicate(place, name))
          }
        })
        errors.push(...validateOperationRule(rule, here))
      }
    })
  return [...errors, ...requiredOneOf(match.matchPolicy, ['Equivalent', 'Exact'], at.child('matchPolicy'))]
}

export function validateParamKind({ apiVersion = '', kind = '' }: ParamKind, at: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  const version = at.child('apiVersion')
  if (!apiVersion) errors.push(required(version))
  else {
    const parts = apiVersion.split('/')
    const [group, name] = parts.length === 1 ? ['', apiVersion] : [parts[0] ?? '', parts[1] ?? '']
    if (parts.length > 2)
      errors.push(invalidValue(version, apiVersion, `unexpected GroupVersion string: ${apiVersion}`))
    else {
      if (group) errors.push(...invalidValues(version, group, dns1123Subdomain(group)))
      errors.push(...invalidValues(version, name, dns1035Label(name)))
    }
  }
  if (!kind) return [...errors, required(at.child('kind'))]
  const faults = dns1035Label(kind.toLowerCase())
  if (faults.length > 0)
    errors.push(
      invalidValue(at.child('kind'), kind, `may have mixed case, but should otherwise match: ${faults.join(',')}`),
    )
  return errors
}

export function validateVariables(
  variables: readonly Variable[] | undefined,
  at: FieldPath,
  faultsAt: FaultsAt,
): FieldError[] {
  const names = new Set<string>()
  return (variables ?? []).flatMap(({ name, expression }, i) => {
    const here = at.index(i)
    const errors: FieldError[] = []
    if (!name) errors.push(required(here.child('name'), 'name is not specified'))
    else if (cIdentifier(name).length > 0)
      errors.push(invalidValue(here.child('name'), name, 'name is not a valid CEL identifier'))
    if (name && names.has(name)) errors.push(duplicate(here.child('name'), name))
    names.add(name)
    const place = here.child('expression')
    return [
      ...errors,
      ...requiredText(expression.trim(), place, 'expression is not specified'),
      ...faultsAt(place, expression),
    ]
  })
}

/** Which parameters a binding hands to its policy. */
export function validateParamRef(ref: ParamRef | undefined, at: FieldPath): FieldError[] {
  if (!ref) return []
  const { name, selector, parameterNotFoundAction } = ref
  const errors: FieldError[] = []
  if (name) {
    errors.push(...invalidValues(at.child('name'), name, pathSegmentName(name)))
    if (selector) errors.push(forbiddenField(at.child('name'), 'name and selector are mutually exclusive'))
  }
  if (selector) {
    errors.push(...validateLabelSelector(selector, at.child('selector')))
    if (name) errors.push(forbiddenField(at.child('selector'), 'name and selector are mutually exclusive'))
  }
  if (!name && !selector) errors.push(required(at, 'one of name or selector must be specified'))
  return [...errors, ...requiredOneOf(parameterNotFoundAction, ['Allow', 'Deny'], at.child('parameterNotFoundAction'))]
}
