import { forbiddenField, invalidValue, invalidValues, notSupported, required } from '../../../machinery/field-errors.js'
import { jsonEqual } from '../../../machinery/json-equal.js'
import { dns1123Label, dns1123Subdomain } from '../../../machinery/names.js'
import { type FieldPath, root } from '../../../machinery/path.js'
import { type Resource, resource, statusView } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { ageColumn, nameColumn, none, textColumn } from '../../columns.js'
import { shownInternally } from '../../internal-form.js'
import { statusApart } from '../../status-apart.js'
import { validateFlowConditions } from './flow-conditions.js'
import {
  FlowDistinguisherMethod,
  FlowSchema,
  FlowSchemaSpec,
  type NonResourcePolicyRule,
  type PolicyRulesWithSubjects,
  type ResourcePolicyRule,
  type Subject,
} from './flow-schema.js'
import { mandatoryFlowSchemas } from './mandatory-objects.js'

const defaultPrecedence = 1000
const highestPrecedence = 10_000

export const flowSchemas: Resource<FlowSchema> = resource(FlowSchema, {
  rowOrder: (a, b) =>
    a.spec.matchingPrecedence - b.spec.matchingPrecedence ||
    ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1),
  columns: [
    nameColumn,
    textColumn('PriorityLevel', ({ spec }) => spec.priorityLevelConfiguration.name, {
      field: 'spec.priorityLevelConfiguration.name',
    }),
    textColumn('MatchingPrecedence', ({ spec }) => spec.matchingPrecedence, { field: 'spec.matchingPrecedence' }),
    textColumn('DistinguisherMethod', ({ spec }) => spec.distinguisherMethod?.type ?? none, {
      field: 'spec.distinguisherMethod',
    }),
    ageColumn,
    textColumn(
      'MissingPL',
      ({ status }) => {
        const dangling = status.conditions?.find(({ type }) => type === 'Dangling')
        return dangling ? (dangling.status ?? '?') : '?'
      },
      { description: 'references a broken or non-existent PriorityLevelConfiguration' },
    ),
  ],
  subresources: [statusView({ validateUpdate: ({ status }) => validateFlowConditions(status.conditions) })],
  defaults({ spec }) {
    if (spec.matchingPrecedence === 0) spec.matchingPrecedence = defaultPrecedence
  },
  strategy: { ...statusApart(), generation: true, validate, validateUpdate: validate },
})

const at = root.child('spec')

/** https://kubernetes.io/docs/concepts/cluster-administration/flow-control/ */
function validate({ metadata, spec }: FlowSchema): FieldError[] {
  const { priorityLevelConfiguration: level, matchingPrecedence, distinguisherMethod, rules = [] } = spec
  const errors: FieldError[] = []
  if (matchingPrecedence <= 0)
    errors.push(invalidValue(at.child('matchingPrecedence'), matchingPrecedence, 'must be a positive value'))
  if (matchingPrecedence > highestPrecedence)
    errors.push(
      invalidValue(at.child('matchingPrecedence'), matchingPrecedence, `must not be greater than ${highestPrecedence}`),
    )
  if (matchingPrecedence === 1 && metadata.name !== 'exempt')
    errors.push(
      invalidValue(
        at.child('matchingPrecedence'),
        matchingPrecedence,
        "only the schema named 'exempt' may have matchingPrecedence 1",
      ),
    )
  if (distinguisherMethod)
    errors.push(...validateDistinguisher(distinguisherMethod, at.child('distinguisherMethod', 'type')))
  const name = at.child('priorityLevelConfiguration', 'name')
  errors.push(
    ...(level.name
      ? invalidValues(name, level.name, dns1123Subdomain(level.name))
      : [required(name, 'must reference a priority level')]),
  )
  const fixed = mandatoryFlowSchemas[metadata.name ?? '']
  return [
    ...errors,
    ...rules.flatMap((rule, i) => validateRule(rule, at.child('rules').index(i))),
    ...(fixed && !jsonEqual(spec, fixed)
      ? [
          invalidValue(
            at,
            shownInternally(FlowSchemaSpec, spec),
            `spec of '${metadata.name}' must equal the fixed value`,
          ),
        ]
      : []),
  ]
}

const distinguishers = ['ByNamespace', 'ByUser']

const validateDistinguisher = (method: FlowDistinguisherMethod, here: FieldPath): FieldError[] =>
  distinguishers.includes(method.type)
    ? []
    : [notSupported(here, shownInternally(FlowDistinguisherMethod, method), distinguishers)]

function validateRule(
  { subjects, resourceRules = [], nonResourceRules = [] }: PolicyRulesWithSubjects,
  here: FieldPath,
) {
  const errors: FieldError[] = []
  if (!subjects?.length) errors.push(required(here.child('subjects'), 'subjects must contain at least one value'))
  subjects?.forEach((subject, i) => {
    errors.push(...validateSubject(subject, here.child('subjects').index(i)))
  })
  if (resourceRules.length === 0 && nonResourceRules.length === 0)
    errors.push(required(here, 'at least one of resourceRules and nonResourceRules has to be non-empty'))
  return [
    ...errors,
    ...resourceRules.flatMap((rule, i) => validateResourceRule(rule, here.child('resourceRules').index(i))),
    ...nonResourceRules.flatMap((rule, i) => validateUrlRule(rule, here.child('nonResourceRules').index(i))),
  ]
}

function validateSubject({ kind, user, group, serviceAccount }: Subject, here: FieldPath): FieldError[] {
  const parts = {
    User: ['user', user],
    Group: ['group', group],
    ServiceAccount: ['serviceAccount', serviceAccount],
  } as const
  const errors: FieldError[] = []
  if (!Object.hasOwn(parts, kind)) errors.push(notSupported(here.child('kind'), kind, Object.keys(parts).sort()))
  for (const [name, [field, value]] of Object.entries(parts)) {
    if (kind === name && !value)
      errors.push(required(here.child(field), `${field} is required when subject kind is '${name}'`))
    if (kind !== name && value)
      errors.push(forbiddenField(here.child(field), `${field} is forbidden when subject kind is not '${name}'`))
  }
  if (user && kind === 'User' && !user.name) errors.push(required(here.child('user', 'name')))
  if (group && kind === 'Group' && !group.name) errors.push(required(here.child('group', 'name')))
  if (serviceAccount && kind === 'ServiceAccount') {
    const { name, namespace } = serviceAccount
    const account = here.child('serviceAccount')
    if (!name) errors.push(required(account.child('name')))
    else if (name !== '*') errors.push(...invalidValues(account.child('name'), name, dns1123Subdomain(name)))
    errors.push(
      ...(namespace
        ? invalidValues(account.child('namespace'), namespace, dns1123Label(namespace))
        : [required(account.child('namespace'), 'must specify namespace for service account')]),
    )
  }
  return errors
}

const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch']

/** A list that is there, in which `*` stands alone. */
function validateList(values: readonly string[] | null, detail: string, here: FieldPath, what: string): FieldError[] {
  if (!values?.length) return [required(here, detail)]
  return values.length > 1 && values.includes('*')
    ? [invalidValue(here, values, `if '*' is present, must not specify other ${what}`)]
    : []
}

function validateVerbs(given: readonly string[] | null, here: FieldPath): FieldError[] {
  if (!given?.length || given.includes('*'))
    return validateList(given, 'verbs must contain at least one value', here, 'verbs')
  return given.every(verb => verbs.includes(verb)) ? [] : [notSupported(here, given, verbs)]
}

function validateResourceRule(rule: ResourcePolicyRule, here: FieldPath): FieldError[] {
  const { apiGroups, resources, namespaces, clusterScope } = rule
  const errors = validateVerbs(rule.verbs, here.child('verbs'))
  errors.push(
    ...validateList(
      apiGroups,
      'resource rules must supply at least one api group',
      here.child('apiGroups'),
      'api groups',
    ),
    ...validateList(
      resources,
      'resource rules must supply at least one resource',
      here.child('resources'),
      'resources',
    ),
  )
  if (!namespaces?.length && !clusterScope)
    errors.push(
      required(
        here.child('namespaces'),
        'resource rules that are not cluster scoped must supply at least one namespace',
      ),
    )
  else if ((namespaces?.length ?? 0) > 1 && namespaces.includes('*'))
    errors.push(
      invalidValue(here.child('namespaces'), namespaces, "if '*' is present, must not specify other namespaces"),
    )
  else
    namespaces?.forEach((namespace, i) => {
      if (namespace !== '*')
        errors.push(
          ...invalidValues(
            here.child('namespaces').index(i),
            namespace,
            dns1123Label(namespace).map(message => namespaceIntro + message),
          ),
        )
    })
  return errors
}

const namespaceIntro = "each member of this list must be '*' or a DNS-1123 label; "

function validateUrlRule({ verbs: given, nonResourceURLs }: NonResourcePolicyRule, here: FieldPath): FieldError[] {
  const errors = validateVerbs(given, here.child('verbs'))
  const urls = here.child('nonResourceURLs')
  errors.push(
    ...validateList(nonResourceURLs, 'nonResourceURLs must contain at least one value', urls, 'non-resource URLs'),
  )
  if (nonResourceURLs?.includes('*')) return errors
  nonResourceURLs?.forEach((url, i) => {
    const fault = urlFault(url)
    if (fault) errors.push(invalidValue(urls.index(i), url, fault))
  })
  return errors
}

function urlFault(url: string): string | undefined {
  if (url === '') return 'must not be empty'
  if (url === '/') return undefined
  if (!url.startsWith('/')) return 'must start with slash'
  if (url.includes(' ')) return 'must not contain white-space'
  if (url.includes('//')) return 'must not contain double slash'
  const star = url.indexOf('*')
  if (star < 0) return undefined
  return star === url.length - 1 && url[star - 1] === '/' ? undefined : 'wildcard can only do suffix matching'
}
