import { immutable, invalidValue, notSupported, required } from '../../../machinery/field-errors.js'
import { dns1035Label, dns1123Subdomain } from '../../../machinery/names.js'
import type { FieldPath } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionNames,
  CustomResourceDefinitionSpec,
} from './custom-resource-definition.js'

const label = (value: string, path: FieldPath, prefix = ''): FieldError[] => {
  const messages = dns1035Label(value)
  return messages.length > 0 ? [invalidValue(path, value, prefix + messages.join(','))] : []
}

/** Rules for the names of a definition; all but short names and categories must be there. */
export function validateNames(names: CustomResourceDefinitionNames, path: FieldPath): FieldError[] {
  const { plural, singular = '', kind, listKind = '', shortNames = [], categories = [] } = names
  const errors: FieldError[] = []
  const needed = { plural, singular, kind, listKind }
  for (const [name, value] of Object.entries(needed)) if (!value) errors.push(required(path.child(name)))
  const mixedCase = 'may have mixed case, but should otherwise match: '
  if (plural) errors.push(...label(plural, path.child('plural')))
  if (singular) errors.push(...label(singular, path.child('singular')))
  if (kind)
    for (const message of dns1035Label(kind.toLowerCase()))
      errors.push(invalidValue(path.child('kind'), kind, mixedCase + message))
  if (listKind)
    for (const message of dns1035Label(listKind.toLowerCase()))
      errors.push(invalidValue(path.child('listKind'), listKind, mixedCase + message))
  shortNames.forEach((name, i) => {
    errors.push(...label(name, path.child('shortNames').index(i)))
  })
  if (kind && kind === listKind)
    errors.push(invalidValue(path.child('listKind'), listKind, 'kind and listKind may not be the same'))
  categories.forEach((category, i) => {
    errors.push(...label(category, path.child('categories').index(i)))
  })
  return errors
}

/** A version's name, and, of the first one, the name of the definition's version. */
export const validateVersionName = (name: string, path: FieldPath): FieldError[] => label(name, path)

export function validateGroup(group: string, path: FieldPath): FieldError[] {
  if (!group) return [required(path)]
  const messages = dns1123Subdomain(group)
  if (messages.length > 0) return [invalidValue(path, group, messages.join(','))]
  return group.includes('.') ? [] : [invalidValue(path, group, 'should be a domain with at least one dot')]
}

const scopes = ['Cluster', 'Namespaced']

export function validateScope(scope: string, path: FieldPath): FieldError[] {
  if (!scope) return [required(path)]
  return scopes.includes(scope) ? [] : [notSupported(path, scope, scopes)]
}

/** What must stay: the name of the resource always, scope and kind once it is served. */
export function validateIdentity(
  { spec, status }: CustomResourceDefinition,
  before: CustomResourceDefinitionSpec,
  path: FieldPath,
): FieldError[] {
  const errors: FieldError[] = []
  const same = (field: FieldPath, value: string, old: string): void => {
    if (value !== old) errors.push(invalidValue(field, value, immutable))
  }
  const names = path.child('names')
  if (status.conditions?.some(({ type, status: is }) => type === 'Established' && is === 'True')) {
    same(path.child('scope'), spec.scope, before.scope)
    same(names.child('kind'), spec.names.kind, before.names.kind)
  }
  same(path.child('group'), spec.group, before.group)
  same(names.child('plural'), spec.names.plural, before.names.plural)
  return errors
}
