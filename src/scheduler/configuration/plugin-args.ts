import { NodeAffinity, TopologySpreadConstraint } from '../../api/core/v1/index.js'
import { validateNodeAffinity, validateTopologySpread } from '../../api/core/v1/validate-scheduling.js'
import { duplicate, forbiddenField, invalidValue, notSupported, required } from '../../machinery/field-errors.js'
import type { FieldPath } from '../../machinery/path.js'
import type { FieldError } from '../../machinery/status-error.js'
import {
  boolean,
  type Infer,
  inPackage,
  int32,
  int64,
  list,
  type MessageSchema,
  optional,
  pointer,
  string,
} from '../../schema/index.js'
import { configurationGroup } from './types.js'

const { message } = inPackage('k8s.io.kube_scheduler.config.v1', configurationGroup)

const typeMeta = { kind: optional(string), apiVersion: optional(string) }
const ResourceSpec = message('ResourceSpec', { name: optional(string), weight: optional(int64) })
const UtilizationShapePoint = message('UtilizationShapePoint', { utilization: optional(int32), score: optional(int32) })
const RequestedToCapacityRatio = message('RequestedToCapacityRatioParam', {
  shape: optional(list(UtilizationShapePoint)),
})
const ScoringStrategy = message('ScoringStrategy', {
  type: optional(string),
  resources: optional(list(ResourceSpec)),
  requestedToCapacityRatio: pointer(RequestedToCapacityRatio),
})

const DefaultPreemptionArgs = message('DefaultPreemptionArgs', {
  ...typeMeta,
  minCandidateNodesPercentage: pointer(int32),
  minCandidateNodesAbsolute: pointer(int32),
})
const InterPodAffinityArgs = message('InterPodAffinityArgs', {
  ...typeMeta,
  hardPodAffinityWeight: pointer(int32),
  ignorePreferredTermsOfExistingPods: optional(boolean),
})
const NodeAffinityArgs = message('NodeAffinityArgs', { ...typeMeta, addedAffinity: pointer(NodeAffinity) })
const NodeResourcesFitArgs = message('NodeResourcesFitArgs', {
  ...typeMeta,
  ignoredResources: optional(list(string)),
  ignoredResourceGroups: optional(list(string)),
  scoringStrategy: pointer(ScoringStrategy),
})
const NodeResourcesBalancedAllocationArgs = message('NodeResourcesBalancedAllocationArgs', {
  ...typeMeta,
  resources: optional(list(ResourceSpec)),
})
const PodTopologySpreadArgs = message('PodTopologySpreadArgs', {
  ...typeMeta,
  defaultConstraints: optional(list(TopologySpreadConstraint)),
  defaultingType: optional(string),
})
const VolumeBindingArgs = message('VolumeBindingArgs', {
  ...typeMeta,
  bindTimeoutSeconds: pointer(int64),
  shape: optional(list(UtilizationShapePoint)),
})

type Shape = readonly Infer<typeof UtilizationShapePoint>[]

/** How the arguments of a built-in plugin are read. */
export interface ArgsDeclaration {
  readonly schema: MessageSchema
  readonly validate: (args: never, at: FieldPath) => FieldError[]
}

function declared<T>(
  schema: MessageSchema<T, unknown>,
  validate: (args: T, at: FieldPath) => FieldError[],
): ArgsDeclaration {
  return { schema: schema as MessageSchema, validate }
}

/** The arguments of the built-in plugins that have any, by the plugin's name. */
export const pluginArgs: Readonly<Record<string, ArgsDeclaration>> = {
  DefaultPreemption: declared(DefaultPreemptionArgs, (args, at) => {
    const { minCandidateNodesPercentage: percentage = 10, minCandidateNodesAbsolute: absolute = 100 } = args
    const [atPercentage, atAbsolute] = [at.child('minCandidateNodesPercentage'), at.child('minCandidateNodesAbsolute')]
    const errors: FieldError[] = []
    if (percentage < 0 || percentage > 100)
      errors.push(invalidValue(atPercentage, percentage, 'not in valid range [0, 100]'))
    if (absolute < 0) errors.push(invalidValue(atAbsolute, absolute, 'not in valid range [0, inf)'))
    if (percentage === 0 && absolute === 0)
      errors.push(
        invalidValue(atPercentage, 0, 'cannot be zero at the same time as minCandidateNodesAbsolute'),
        invalidValue(atAbsolute, 0, 'cannot be zero at the same time as minCandidateNodesPercentage'),
      )
    return errors
  }),
  InterPodAffinity: declared(InterPodAffinityArgs, ({ hardPodAffinityWeight: weight = 1 }, at) =>
    weight < 0 || weight > 100
      ? [invalidValue(at.child('hardPodAffinityWeight'), weight, 'not in valid range [0, 100]')]
      : [],
  ),
  NodeAffinity: declared(NodeAffinityArgs, ({ addedAffinity }, at) =>
    addedAffinity ? validateNodeAffinity(addedAffinity, at.child('addedAffinity')) : [],
  ),
  NodeResourcesFit: declared(NodeResourcesFitArgs, (args, at) => [
    ...duplicates(args.ignoredResources ?? [], at.child('ignoredResources')),
    ...(args.ignoredResourceGroups ?? []).flatMap((group, i) =>
      group.includes('/')
        ? [invalidValue(at.child('ignoredResourceGroups').index(i), group, "resource group name can't contain '/'")]
        : [],
    ),
    ...duplicates(args.ignoredResourceGroups ?? [], at.child('ignoredResourceGroups')),
    ...validateStrategy(args.scoringStrategy, at.child('scoringStrategy')),
  ]),
  NodeResourcesBalancedAllocation: declared(NodeResourcesBalancedAllocationArgs, ({ resources }, at) =>
    (resources ?? []).flatMap(({ name = '', weight = 1 }, i) =>
      weight === 1
        ? duplicateNames(resources ?? [], i, at.child('resources'))
        : [
            invalidValue(
              at.child('resources').index(i).child('weight'),
              weight,
              `resource weight of ${name} not in valid range [1, 1]`,
            ),
          ],
    ),
  ),
  PodTopologySpread: declared(PodTopologySpreadArgs, ({ defaultConstraints = [], defaultingType = 'System' }, at) => {
    const here = at.child('defaultConstraints')
    const errors = validateTopologySpread(defaultConstraints, here)
    for (const [i, { labelSelector }] of defaultConstraints.entries())
      if (labelSelector)
        errors.push(
          forbiddenField(
            here.index(i).child('labelSelector'),
            'constraint must not define a selector, as they deduced for each pod',
          ),
        )
    if (!['System', 'List'].includes(defaultingType))
      errors.push(notSupported(at.child('defaultingType'), defaultingType, ['System', 'List']))
    else if (defaultingType === 'System' && defaultConstraints.length > 0)
      errors.push(invalidValue(at.child('defaultingType'), defaultingType, 'when .defaultConstraints are not empty'))
    return errors
  }),
  VolumeBinding: declared(VolumeBindingArgs, ({ bindTimeoutSeconds = 600, shape }, at) => [
    ...(bindTimeoutSeconds < 0
      ? [
          invalidValue(
            at.child('bindTimeoutSeconds'),
            bindTimeoutSeconds,
            'invalid BindTimeoutSeconds, should not be a negative value',
          ),
        ]
      : []),
    ...(shape?.length ? validateShape(shape, at.child('shape')) : []),
  ]),
}

const strategies = ['LeastAllocated', 'MostAllocated', 'RequestedToCapacityRatio']

function validateStrategy(strategy: Infer<typeof ScoringStrategy> | undefined, at: FieldPath): FieldError[] {
  if (!strategy) return []
  const { type = '', resources = [], requestedToCapacityRatio } = strategy
  const errors = strategies.includes(type) ? [] : [notSupported(at.child('type'), type, strategies)]
  for (const [i, { name = '', weight = 1 }] of resources.entries()) {
    if (weight < 1 || weight > 100)
      errors.push(
        invalidValue(
          at.child('resources').index(i).child('weight'),
          weight,
          `resource weight of ${name} not in valid range [1, 100]`,
        ),
      )
    errors.push(...duplicateNames(resources, i, at.child('resources')))
  }
  if (type === 'RequestedToCapacityRatio')
    errors.push(...validateShape(requestedToCapacityRatio?.shape ?? [], at.child('requestedToCapacityRatio', 'shape')))
  return errors
}

function validateShape(shape: Shape, at: FieldPath): FieldError[] {
  if (shape.length === 0) return [required(at, 'at least one point must be specified')]
  const errors: FieldError[] = []
  for (const [i, { utilization = 0, score = 0 }] of shape.entries()) {
    const here = at.index(i)
    const before = shape[i - 1]
    if (before && (before.utilization ?? 0) >= utilization)
      errors.push(
        invalidValue(here.child('utilization'), utilization, 'utilization values must be sorted in increasing order'),
      )
    if (utilization < 0 || utilization > 100)
      errors.push(invalidValue(here.child('utilization'), utilization, 'not in valid range [0, 100]'))
    if (score < 0 || score > 10) errors.push(invalidValue(here.child('score'), score, 'not in valid range [0, 10]'))
  }
  return errors
}

const duplicates = (names: readonly string[], at: FieldPath): FieldError[] =>
  names.flatMap((name, i) => (names.indexOf(name) < i ? [duplicate(at.index(i), name)] : []))

const duplicateNames = (all: readonly { readonly name?: string }[], i: number, at: FieldPath): FieldError[] =>
  all.findIndex(({ name }) => name === all[i]?.name) < i ? [duplicate(at.index(i).child('name'), all[i]?.name)] : []
