import { immutable, invalidValue, required } from '../../../machinery/field-errors.js'
import { type FieldPath, root } from '../../../machinery/path.js'
import { type Resource, resource, statusView } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { ageColumn, nameColumn, textColumn } from '../../columns.js'
import { shownInternally } from '../../internal-form.js'
import { statusApart } from '../../status-apart.js'
import { isQuotaResource, validateQuotaResourceName, validateResourceQuantity } from './resource-quantities.js'
import { ResourceQuota, ScopeSelector } from './resource-quota.js'

export const resourceQuotas: Resource<ResourceQuota> = resource(ResourceQuota, {
  shortNames: ['quota'],
  deleteAnswersObject: true,
  columns: [
    nameColumn,
    textColumn('Request', quota => usageText(quota, false), {
      description: 'Request represents a minimum amount of cpu/memory that a container may consume.',
    }),
    textColumn('Limit', quota => usageText(quota, true), {
      description:
        'Limits control the maximum amount of cpu/memory that a container may use independent of contention on the node.',
    }),
    ageColumn,
  ],
  subresources: [statusView({ validateUpdate: validateStatus })],
  strategy: {
    ...statusApart(),
    validate: quota => validateSpec(quota),
    validateUpdate: (quota, old) => [...validateSpec(quota), ...unchangedScopes(quota.spec.scopes, old.spec.scopes)],
  },
})

/** `cpu: 1/2, pods: 3/10`: used and allowed, of limits or of everything else. */
function usageText({ status }: ResourceQuota, limits: boolean): string {
  return Object.keys(status.hard ?? {})
    .filter(name => name.startsWith('limits') === limits)
    .sort()
    .map(name => `${name}: ${status.used?.[name] ?? '0'}/${status.hard?.[name]}`)
    .join(', ')
}

/** The same ones in whatever order. */
function unchangedScopes(now: readonly string[] | undefined, was: readonly string[] | undefined): FieldError[] {
  const sorted = (scopes: readonly string[] = []) => [...new Set(scopes)].sort().join()
  return sorted(now) === sorted(was) ? [] : [invalidValue(root.child('spec', 'scopes'), now ?? null, immutable)]
}

const podScopes = ['Terminating', 'NotTerminating', 'NotBestEffort', 'PriorityClass', 'CrossNamespacePodAffinity']
const knownScopes = new Set([...podScopes, 'BestEffort', 'VolumeAttributesClass'])
const podResources = new Set([
  'pods',
  ...['cpu', 'memory'].flatMap(name => [name, `limits.${name}`, `requests.${name}`]),
])

/** Whether a scope says anything about what a quota bounds. */
function scopeFits(scope: string, name: string): boolean {
  if (!isQuotaResource(name)) return true
  if (podScopes.includes(scope)) return podResources.has(name)
  if (scope === 'BestEffort') return name === 'pods'
  if (scope === 'VolumeAttributesClass') return name === 'persistentvolumeclaims' || name === 'requests.storage'
  return true
}

function validateSpec({ spec }: ResourceQuota): FieldError[] {
  const at = root.child('spec')
  return [
    ...validateAmounts(spec.hard, at.child('hard')),
    ...validateScopes(spec.scopes ?? [], spec.scopes ?? [], Object.keys(spec.hard ?? {}).sort(), at.child('scopes')),
    ...validateScopeSelector(spec, at.child('scopeSelector', 'matchExpressions')),
  ]
}

function validateAmounts(amounts: { readonly [name: string]: string } | undefined, at: FieldPath): FieldError[] {
  return Object.entries(amounts ?? {}).flatMap(([name, quantity]) => [
    ...validateQuotaResourceName(name, at.key(name)),
    ...validateResourceQuantity(name, quantity, at.key(name)),
  ])
}

const exclusive = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
]

function validateScopes(
  given: readonly string[],
  shown: unknown,
  bounded: readonly string[],
  at: FieldPath,
): FieldError[] {
  const errors: FieldError[] = []
  for (const scope of given) {
    if (!knownScopes.has(scope)) errors.push(invalidValue(at, shown, 'unsupported scope'))
    for (const name of bounded)
      if (!scopeFits(scope, name)) errors.push(invalidValue(at, shown, 'unsupported scope applied to resource'))
  }
  for (const pair of exclusive)
    if (pair.every(scope => given.includes(scope))) errors.push(invalidValue(at, shown, 'conflicting scopes'))
  return errors
}

const existenceScopes = new Set([
  'BestEffort',
  'NotBestEffort',
  'Terminating',
  'NotTerminating',
  'CrossNamespacePodAffinity',
])

function validateScopeSelector({ scopeSelector, hard, scopes }: ResourceQuota['spec'], at: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  const requirements = scopeSelector?.matchExpressions ?? []
  for (const { scopeName, operator, values = [] } of requirements) {
    if (!knownScopes.has(scopeName)) errors.push(invalidValue(at.child('scopeName'), scopeName, 'unsupported scope'))
    for (const name of Object.keys(hard ?? {}).sort())
      if (!scopeFits(scopeName, name))
        errors.push(
          invalidValue(
            at,
            shownInternally(ScopeSelector, scopeSelector ?? {}),
            'unsupported scope applied to resource',
          ),
        )
    if (existenceScopes.has(scopeName) && operator !== 'Exists')
      errors.push(
        invalidValue(
          at.child('operator'),
          operator,
          "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity",
        ),
      )
    if (operator === 'In' || operator === 'NotIn') {
      if (values.length === 0)
        errors.push(
          required(
            at.child('values'),
            "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
          ),
        )
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      if (values.length > 0)
        errors.push(
          invalidValue(
            at.child('values'),
            values,
            "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
          ),
        )
    } else errors.push(invalidValue(at.child('operator'), operator, 'not a valid selector operator'))
  }
  const names = requirements.map(({ scopeName }) => scopeName)
  for (const pair of exclusive)
    if (pair.every(scope => names.includes(scope))) errors.push(invalidValue(at, scopes ?? null, 'conflicting scopes'))
  return errors
}

function validateStatus({ status }: ResourceQuota): FieldError[] {
  const at = root.child('status')
  return [...validateAmounts(status.hard, at.child('hard')), ...validateAmounts(status.used, at.child('used'))]
}
