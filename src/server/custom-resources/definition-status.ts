import type {
  CustomResourceDefinition,
  CustomResourceDefinitionCondition,
  CustomResourceDefinitionNames,
} from '../../api/apiextensions/v1/index.js'

type Status = CustomResourceDefinition['status']
type Condition = Pick<CustomResourceDefinitionCondition, 'type' | 'status' | 'reason' | 'message'>

export { cleanupFinalizer } from '../../api/apiextensions/v1/custom-resource-definitions.js'

const approvalAnnotation = 'api-approved.kubernetes.io'

const conditionOf = ({ status }: CustomResourceDefinition, type: string) =>
  status.conditions?.find(condition => condition.type === type)

export const isEstablished = (definition: CustomResourceDefinition): boolean =>
  conditionOf(definition, 'Established')?.status === 'True'

/** The conditions with one set; its time of transition only moves with its status. */
export function withCondition(
  conditions: readonly CustomResourceDefinitionCondition[] | null | undefined,
  condition: Condition,
  now: string,
): readonly CustomResourceDefinitionCondition[] {
  const known = conditions ?? []
  const before = known.find(({ type }) => type === condition.type)
  const same = before?.status === condition.status
  if (before && same && before.reason === condition.reason && before.message === condition.message) return known
  const made = {
    ...condition,
    lastTransitionTime: same ? (before?.lastTransitionTime ?? now) : now,
  }
  return before ? known.map(one => (one === before ? made : one)) : [...known, made]
}

/** Names that definitions of a group have taken. */
interface Taken {
  readonly resources: ReadonlySet<string>
  readonly kinds: ReadonlySet<string>
}

function takenBy(others: readonly CustomResourceDefinition[]): Taken {
  const resources = new Set<string>()
  const kinds = new Set<string>()
  for (const { status } of others) {
    const { plural, singular, shortNames = [], kind, listKind } = status.acceptedNames
    for (const name of [plural, singular, ...shortNames]) if (name) resources.add(name)
    for (const name of [kind, listKind]) if (name) kinds.add(name)
  }
  return { resources, kinds }
}

/**
 * The status that a definition comes to have by its names: those that no other definition of its group has are accepted,
 * and when all are, it is established. `others` are of the same group.
 */
export function namedStatus(
  definition: CustomResourceDefinition,
  others: readonly CustomResourceDefinition[],
  now: string,
): Status {
  const { spec, status } = definition
  const taken = takenBy(others)
  const accepted: { -readonly [K in keyof CustomResourceDefinitionNames]: CustomResourceDefinitionNames[K] } = {
    ...status.acceptedNames,
  }
  let conflict: { readonly reason: string; readonly message: string } | undefined
  const refuse = (reason: string, names: readonly string[]): void => {
    const texts = names.map(name => `${JSON.stringify(name)} is already in use`)
    conflict = { reason, message: texts.length > 1 ? `[${texts.join(', ')}]` : (texts[0] ?? '') }
  }
  const { plural, singular = '', shortNames = [], kind, listKind = '', categories } = spec.names
  if (taken.resources.has(plural)) refuse('PluralConflict', [plural])
  else accepted.plural = plural
  if (taken.resources.has(singular)) refuse('SingularConflict', [singular])
  else accepted.singular = singular
  const shortTaken = shortNames.filter(name => taken.resources.has(name))
  if (shortTaken.length > 0) refuse('ShortNamesConflict', shortTaken)
  else if (shortNames.length > 0) accepted.shortNames = shortNames
  else delete accepted.shortNames
  if (taken.kinds.has(kind)) refuse('KindConflict', [kind])
  else accepted.kind = kind
  if (taken.kinds.has(listKind)) refuse('ListKindConflict', [listKind])
  else accepted.listKind = listKind
  if (categories?.length) accepted.categories = categories
  else delete accepted.categories

  const set = (conditions: Status['conditions'], condition: Condition) => withCondition(conditions, condition, now)
  let conditions = set(status.conditions, {
    type: 'NamesAccepted',
    status: conflict ? 'False' : 'True',
    reason: conflict?.reason ?? 'NoConflicts',
    message: conflict?.message ?? 'no conflicts found',
  })
  // What was established once stays so.
  if (!isEstablished(definition))
    conditions = set(
      conditions,
      conflict
        ? { type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' }
        : {
            type: 'Established',
            status: 'True',
            reason: 'InitialNamesAccepted',
            message: 'the initial names have been accepted',
          },
    )
  const approval = approvalOf(definition)
  if (approval) conditions = set(conditions, approval)
  return { ...status, conditions, acceptedNames: accepted }
}

/** Groups of Kubernetes' own want to be approved; undefined of others. */
function approvalOf({ spec, metadata }: CustomResourceDefinition): Condition | undefined {
  if (!/(^|\.)(k8s|kubernetes)\.io$/.test(spec.group)) return undefined
  const type = 'KubernetesAPIApprovalPolicyConformant'
  const text = metadata.annotations?.[approvalAnnotation] ?? ''
  const why = `protected groups must have approval annotation "${approvalAnnotation}", see https://github.com/kubernetes/enhancements/pull/1111`
  if (text === '') return { type, status: 'False', reason: 'MissingAnnotation', message: why }
  if (text.startsWith('unapproved'))
    return { type, status: 'False', reason: 'UnapprovedAnnotation', message: `not approved: ${JSON.stringify(text)}` }
  if (!URL.canParse(text)) {
    const message = `${why.split(',')[0]} with either a URL or a reason starting with "unapproved", see https://github.com/kubernetes/enhancements/pull/1111`
    return { type, status: 'False', reason: 'InvalidAnnotation', message }
  }
  return { type, status: 'True', reason: 'ApprovedAnnotation', message: `approved in ${text}` }
}
