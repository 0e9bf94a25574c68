import { invalidValue, invalidValues, notSupported, required } from '../../../machinery/field-errors.js'
import { jsonEqual } from '../../../machinery/json-equal.js'
import { dns1123Subdomain, pathSegmentName } from '../../../machinery/names.js'
import { type FieldPath, root } from '../../../machinery/path.js'
import { type Resource, resource } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import type { Draft, Kind } from '../../../schema/index.js'
import { ageColumn, type ColumnOptions, nameColumn, textColumn } from '../../columns.js'
import { oneOf } from '../../field-rules.js'
import { shownInternally } from '../../internal-form.js'
import { ClusterRoleBinding, RoleBinding, RoleRef, type Subject } from './role-binding.js'

const rbacGroup = 'rbac.authorization.k8s.io'

type Binding = RoleBinding | ClusterRoleBinding

export const roleBindings: Resource<RoleBinding> = bindings(RoleBinding, 'roleBinding')
export const clusterRoleBindings: Resource<ClusterRoleBinding> = bindings(ClusterRoleBinding, 'clusterRoleBinding')

function bindings<T extends Binding, I>(kind: Kind<T, I>, word: string): Resource<T> {
  const subjects = (name: string, subjectKind: string) =>
    textColumn<T>(
      name,
      binding =>
        (binding.subjects ?? [])
          .filter(subject => subject.kind === subjectKind)
          .map(subject => (subjectKind === 'ServiceAccount' ? `${subject.namespace}/${subject.name}` : subject.name))
          .join(', '),
      { wide: true, description: `${name} in the ${word}` },
    )
  return resource(kind, {
    columns: [
      nameColumn,
      textColumn('Role', ({ roleRef }) => `${roleRef.kind}/${roleRef.name}`, roleColumn(kind.namespaced)),
      ageColumn,
      subjects('Users', 'User'),
      subjects('Groups', 'Group'),
      subjects('ServiceAccounts', 'ServiceAccount'),
    ],
    defaults: draft => defaultBinding(draft as Draft<Binding>),
    strategy: {
      createOnUpdate: true,
      nameErrors: pathSegmentName,
      validate: binding => validate(binding, kind.namespaced),
      validateUpdate: (binding, old) => [
        ...validate(binding, kind.namespaced),
        ...(jsonEqual(binding.roleRef, old.roleRef)
          ? []
          : [invalidValue(root.child('roleRef'), shownInternally(RoleRef, binding.roleRef), 'cannot change roleRef')]),
      ],
    },
  })
}

function roleColumn(namespaced: boolean): ColumnOptions {
  // In the words of an older version, which do not say that it is immutable.
  const can = namespaced
    ? 'can reference a Role in the current namespace or a ClusterRole'
    : 'can only reference a ClusterRole'
  return {
    description: `RoleRef ${can} in the global namespace. If the RoleRef cannot be resolved, the Authorizer must return an error.`,
  }
}

function defaultBinding({ roleRef, subjects }: Draft<Binding>): void {
  roleRef.apiGroup ||= rbacGroup
  for (const subject of subjects ?? [])
    if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ||= rbacGroup
}

function validate({ roleRef, subjects = [] }: Binding, namespaced: boolean): FieldError[] {
  const at = root.child('roleRef')
  const errors: FieldError[] = []
  if (roleRef.apiGroup !== rbacGroup) errors.push(notSupported(at.child('apiGroup'), roleRef.apiGroup, [rbacGroup]))
  errors.push(...oneOf(roleRef.kind, namespaced ? ['Role', 'ClusterRole'] : ['ClusterRole'], at.child('kind')))
  errors.push(
    ...(roleRef.name
      ? invalidValues(at.child('name'), roleRef.name, pathSegmentName(roleRef.name))
      : [required(at.child('name'))]),
  )
  return [
    ...errors,
    ...subjects.flatMap((subject, i) => validateSubject(subject, namespaced, root.child('subjects').index(i))),
  ]
}

function validateSubject(subject: Subject, namespaced: boolean, at: FieldPath): FieldError[] {
  const { kind, name, apiGroup = '', namespace } = subject
  const errors = name ? [] : [required(at.child('name'))]
  if (kind === 'ServiceAccount') {
    if (name) errors.push(...invalidValues(at.child('name'), name, dns1123Subdomain(name)))
    if (apiGroup) errors.push(notSupported(at.child('apiGroup'), apiGroup, ['']))
    if (!namespaced && !namespace) errors.push(required(at.child('namespace')))
  } else if (kind === 'User' || kind === 'Group') {
    if (apiGroup !== rbacGroup) errors.push(notSupported(at.child('apiGroup'), apiGroup, [rbacGroup]))
  } else errors.push(notSupported(at.child('kind'), kind, ['ServiceAccount', 'User', 'Group']))
  return errors
}
