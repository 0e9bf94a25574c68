import { isExtendedResource } from '../../api/core/v1/resource-quantities.js'
import { duplicate, invalidValue, required, Shown } from '../../machinery/field-errors.js'
import { jsonEqual } from '../../machinery/json-equal.js'
import { type FieldPath, root } from '../../machinery/path.js'
import type { FieldError } from '../../machinery/status-error.js'
import { parseDuration } from '../../schema/index.js'
import { pluginArgs } from './plugin-args.js'
import type { ExtenderConfiguration, KubeSchedulerConfiguration, KubeSchedulerProfile } from './types.js'

/** What is wrong with a configuration whose defaults are filled in. */
export function validateConfiguration(configuration: KubeSchedulerConfiguration): FieldError[] {
  const { parallelism = 0, podInitialBackoffSeconds: initial = 0, podMaxBackoffSeconds: longest = 0 } = configuration
  const { profiles = [], extenders = [], percentageOfNodesToScore } = configuration
  const errors = validateLeaderElection(configuration)
  if ((configuration.clientConnection.burst ?? 0) < 0)
    errors.push(
      invalidValue(
        root.child('clientConnection', 'burst'),
        configuration.clientConnection.burst,
        'must be non-negative',
      ),
    )
  if (parallelism <= 0)
    errors.push(invalidValue(root.child('parallelism'), parallelism, 'should be an integer value greater than zero'))
  for (const [i, profile] of profiles.entries())
    errors.push(...validateProfile(profile, profiles.slice(0, i), root.child('profiles').index(i)))
  errors.push(...validateCommonQueueSort(profiles, root.child('profiles')))
  errors.push(...validatePercentage(percentageOfNodesToScore, root.child('percentageOfNodesToScore')))
  if (initial <= 0) errors.push(invalidValue(root.child('podInitialBackoffSeconds'), initial, 'must be greater than 0'))
  if (longest < initial)
    errors.push(
      invalidValue(
        root.child('podMaxBackoffSeconds'),
        longest,
        'must be greater than or equal to PodInitialBackoffSeconds',
      ),
    )
  return [...errors, ...validateExtenders(extenders, root.child('extenders'))]
}

function validateLeaderElection({ leaderElection }: KubeSchedulerConfiguration): FieldError[] {
  if (leaderElection.leaderElect === false) return []
  const at = root.child('leaderElection')
  const { leaseDuration = '15s', renewDeadline = '10s', retryPeriod = '2s', resourceLock = 'leases' } = leaderElection
  const errors: FieldError[] = []
  for (const [name, value] of Object.entries({ leaseDuration, renewDeadline, retryPeriod }))
    if (parseDuration(value) <= 0n)
      errors.push(invalidValue(at.child(name), new Shown(value), 'must be greater than zero'))
  if (parseDuration(leaseDuration) < parseDuration(renewDeadline))
    errors.push(
      invalidValue(
        at.child('leaseDuration'),
        new Shown(renewDeadline),
        'LeaseDuration must be greater than RenewDeadline',
      ),
    )
  if (resourceLock !== 'leases')
    errors.push(invalidValue(at.child('resourceLock'), resourceLock, 'resourceLock value must be "leases"'))
  return errors
}

function validateProfile(
  profile: KubeSchedulerProfile,
  earlier: readonly KubeSchedulerProfile[],
  at: FieldPath,
): FieldError[] {
  const { schedulerName = '', percentageOfNodesToScore, pluginConfig = [] } = profile
  const errors = schedulerName ? [] : [required(at.child('schedulerName'))]
  errors.push(...validatePercentage(percentageOfNodesToScore, at.child('percentageOfNodesToScore')))
  const names = new Set<string>()
  for (const [i, { name = '', args }] of pluginConfig.entries()) {
    const here = at.child('pluginConfig').index(i)
    if (names.has(name)) errors.push(duplicate(here, name))
    names.add(name)
    if (args !== undefined) errors.push(...(pluginArgs[name]?.validate(args as never, here.child('args')) ?? []))
  }
  if (schedulerName && earlier.some(other => other.schedulerName === schedulerName))
    errors.push(duplicate(at.child('schedulerName'), schedulerName))
  return errors
}

/** There is one queue for all profiles. */
function validateCommonQueueSort(profiles: readonly KubeSchedulerProfile[], at: FieldPath): FieldError[] {
  const [first, ...others] = profiles
  const canon = first?.plugins?.queueSort
  const enabled = canon?.enabled ?? []
  const errors: FieldError[] = []
  if (enabled.length > 1)
    errors.push(
      invalidValue(
        at.index(0).child('plugins', 'queueSort', 'Enabled'),
        enabled.length,
        'only one queue sort plugin can be enabled',
      ),
    )
  const argsOf = (profile: KubeSchedulerProfile | undefined) =>
    profile?.pluginConfig?.find(({ name }) => name === (enabled[0]?.name ?? 'PrioritySort'))?.args
  for (const [i, other] of others.entries()) {
    const here = at.index(i + 1).child('plugins', 'queueSort')
    if (!jsonEqual(other.plugins?.queueSort ?? {}, canon ?? {}))
      errors.push(invalidValue(here, other.plugins?.queueSort ?? {}, 'has to match for all profiles'))
    else if (!jsonEqual(argsOf(other) ?? {}, argsOf(first) ?? {}))
      errors.push(invalidValue(here, argsOf(other) ?? {}, 'has to match for all profiles'))
  }
  return errors
}

const validatePercentage = (value: number | undefined, at: FieldPath): FieldError[] =>
  value !== undefined && (value < 0 || value > 100) ? [invalidValue(at, value, 'not in valid range [0-100]')] : []

function validateExtenders(extenders: readonly ExtenderConfiguration[], at: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  const managed = new Set<string>()
  for (const [i, { urlPrefix = '', prioritizeVerb, weight = 0, managedResources = [] }] of extenders.entries()) {
    const here = at.index(i)
    if (!URL.canParse(urlPrefix)) errors.push(invalidValue(here.child('urlPrefix'), urlPrefix, 'must be a URL'))
    if (prioritizeVerb && weight <= 0)
      errors.push(invalidValue(here.child('weight'), weight, 'must have a positive weight applied to it'))
    for (const [j, { name = '' }] of managedResources.entries()) {
      const atName = here.child('managedResources').index(j).child('name')
      if (!isExtendedResource(name)) errors.push(invalidValue(atName, name, 'is an invalid extended resource name'))
      if (managed.has(name)) errors.push(invalidValue(atName, name, 'duplicate extender managed resource name'))
      managed.add(name)
    }
  }
  const binders = extenders.filter(({ bindVerb }) => bindVerb).length
  if (binders > 1)
    errors.push(
      invalidValue(at, `found ${binders} extenders implementing bind`, 'only one extender can implement bind'),
    )
  return errors
}
