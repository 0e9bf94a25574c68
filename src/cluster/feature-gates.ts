import { goQuote } from '../machinery/go-format.js'

/** Features that are switched on or off; all others are as they are in Kubernetes v1.36 unless somebody switches them. */
export interface FeatureGates {
  /** StorageVersionMigrations are served, if their version of the API is asked for, and worked on. */
  readonly StorageVersionMigrator: boolean
}

interface Gate {
  readonly stage: 'alpha' | 'beta'
  readonly on: boolean
}

const gates: { readonly [name in keyof FeatureGates]: Gate } = {
  StorageVersionMigrator: { stage: 'beta', on: false },
}

/** Gates that stand for all of a stage; what is said of one comes before what is said of all. */
const stageGates: { readonly [name: string]: Gate['stage'] } = { AllAlpha: 'alpha', AllBeta: 'beta' }

/** Features of v1.36 that nobody can switch off any more: who still asks for them has them. */
const settled = new Set([
  'AnonymousAuthConfigurableEndpoints',
  'AuthorizeNodeWithSelectors',
  'AuthorizeWithSelectors',
  'ConsistentListFromCache',
  'CustomResourceFieldSelectors',
  'DynamicResourceAllocation',
  'InPlacePodVerticalScaling',
  'JobBackoffLimitPerIndex',
  'JobManagedBy',
  'JobPodReplacementPolicy',
  'JobSuccessPolicy',
  'KubeletFineGrainedAuthz',
  'MatchLabelKeysInPodAffinity',
  'MultiCIDRServiceAllocator',
  'NFTablesProxyMode',
  'NodeInclusionPolicyInPodTopologySpread',
  'PodLifecycleSleepAction',
  'PodLifecycleSleepActionAllowZero',
  'PodObservedGenerationTracking',
  'PodSchedulingReadiness',
  'PreferSameTrafficDistribution',
  'RecursiveReadOnlyMounts',
  'RetryGenerateName',
  'SchedulerQueueingHints',
  'SeparateTaintEvictionController',
  'ServiceAccountTokenJTI',
  'ServiceAccountTokenNodeBinding',
  'ServiceAccountTokenNodeBindingValidation',
  'ServiceAccountTokenPodNodeInfo',
  'SidecarContainers',
  'StructuredAuthenticationConfiguration',
  'SupplementalGroupsPolicy',
  'VolumeAttributesClass',
])

/** Reads the value of a flag: `A=true,B=false`. Throws an `Error` in upstream's words. */
export function parseFeatureGates(text: string): { readonly [name: string]: boolean } {
  const asked: Record<string, boolean> = {}
  for (const part of text.split(',').filter(Boolean)) {
    const [before = '', ...behind] = part.split('=')
    const name = before.trim()
    if (behind.length === 0) throw new Error(`missing bool value for ${name}`)
    const value = behind.join('=').trim()
    const said = parseBool(value)
    if (said === undefined)
      throw new Error(
        `invalid value of ${name}=${value}, err: strconv.ParseBool: parsing ${goQuote(value)}: invalid syntax`,
      )
    asked[name] = said
  }
  return asked
}

/** Every gate, as it is asked for or by default. Throws an `Error` in upstream's words for one that there is not. */
export function featureGates(asked: { readonly [name: string]: boolean } = {}): FeatureGates {
  for (const [name, on] of Object.entries(asked)) {
    if (settled.has(name)) {
      if (!on) throw new Error(`cannot set feature gate ${name} to false, feature is locked to true`)
    } else if (!Object.hasOwn(gates, name) && !Object.hasOwn(stageGates, name))
      throw new Error(`unrecognized feature gate: ${name}`)
  }
  const ofStage = (stage: Gate['stage']) =>
    Object.entries(stageGates).flatMap(([name, of]) => (of === stage ? (asked[name] ?? []) : []))[0]
  const isOn = (name: keyof FeatureGates) => asked[name] ?? ofStage(gates[name].stage) ?? gates[name].on
  return { StorageVersionMigrator: isOn('StorageVersionMigrator') }
}

/** A truth value as flags are given it; undefined if it is none. */
export function parseBool(text: string): boolean | undefined {
  if (/^(1|t|T|TRUE|true|True)$/.test(text)) return true
  if (/^(0|f|F|FALSE|false|False)$/.test(text)) return false
  return undefined
}
