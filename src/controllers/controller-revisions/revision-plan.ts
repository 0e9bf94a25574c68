import type { ControllerRevision, ControllerRevisionInit } from '../../api/apps/v1/index.js'
import type { PodTemplateSpec } from '../../api/core/v1/index.js'
import { controllerReference } from '../../client/owners.js'
import { compareText } from '../../machinery/compare-text.js'
import { jsonEqual } from '../../machinery/json-equal.js'
import type { LabelSelectorObject } from '../../machinery/labels.js'
import type { ApiObject } from '../../machinery/object.js'
import type { GroupVersionKind } from '../../schema/index.js'
import { templateHash } from '../deployment/pod-template.js'

/** The label by which pods tell the revision they were made of. */
export const revisionHashLabel = 'controller-revision-hash'

/** What keeps a history of its template. */
export interface RevisionOwner extends ApiObject {
  readonly spec: {
    readonly selector: LabelSelectorObject | null
    readonly template: PodTemplateSpec
    readonly revisionHistoryLimit?: number
  }
  readonly status: { readonly collisionCount?: number }
}

/** Kept when the owner does not say. */
const defaultLimit = 10
/** Room in a name for what is put behind it. */
const longestPrefix = 223

/** A template as revisions hold it: a strategic merge patch that brings it back, which `kubectl rollout undo` sends. */
export const revisionData = (template: PodTemplateSpec): { readonly [key: string]: unknown } => ({
  spec: { template: { ...template, $patch: 'replace' } },
})

/** The template that a revision holds; undefined if it holds none. */
export function revisionTemplate({ data }: ControllerRevision): PodTemplateSpec | undefined {
  const template = (data as { readonly spec?: { readonly template?: object } } | null | undefined)?.spec?.template
  if (typeof template !== 'object' || template === null) return undefined
  const { $patch: _, ...rest } = template as { readonly $patch?: unknown }
  return rest as PodTemplateSpec
}

/** Oldest first. */
const inRevisionOrder = (revisions: readonly ControllerRevision[]): ControllerRevision[] =>
  [...revisions].sort((a, b) => Number(a.revision) - Number(b.revision) || compareText(nameOf(a), nameOf(b)))

/** Which revision an owner's template is; `create` and `renumber` say what has to be written first. */
export type RevisionPlan =
  | { readonly type: 'keep'; readonly revision: ControllerRevision }
  /** It was there before: it becomes the newest once more. */
  | { readonly type: 'renumber'; readonly revision: ControllerRevision; readonly to: number }
  | { readonly type: 'create'; readonly number: number }

export function planRevision(template: PodTemplateSpec, revisions: readonly ControllerRevision[]): RevisionPlan {
  const ordered = inRevisionOrder(revisions)
  const next = Number(ordered.at(-1)?.revision ?? 0) + 1
  const data = revisionData(template)
  const equal = ordered.findLast(revision => jsonEqual(revision.data, data))
  if (!equal) return { type: 'create', number: next }
  return equal === ordered.at(-1) ? { type: 'keep', revision: equal } : { type: 'renumber', revision: equal, to: next }
}

/** The revision of an owner's present template, named by its hash; `collisions` salts that. */
export function revisionFor(
  kind: { readonly gvk: GroupVersionKind },
  owner: RevisionOwner,
  hashLabel: string,
  revision: number,
  collisions: number,
): ControllerRevisionInit {
  const { template } = owner.spec
  const { namespace = '', name = '', annotations } = owner.metadata
  const hash = templateHash(template, collisions)
  return {
    metadata: {
      namespace,
      name: `${name.slice(0, longestPrefix)}-${hash}`,
      labels: { ...template.metadata?.labels, [hashLabel]: hash },
      ...(annotations ? { annotations } : {}),
      ownerReferences: [controllerReference(kind, owner)],
    },
    data: revisionData(template),
    revision,
  }
}

/**
 * Of revisions that nothing was made of any more, those beyond the owner's limit, oldest first. `counted` is how many
 * the limit is held against, if there are more than the unused.
 */
export function surplusRevisions(
  { spec: { revisionHistoryLimit = defaultLimit } }: RevisionOwner,
  unused: readonly ControllerRevision[],
  counted: number = unused.length,
): readonly ControllerRevision[] {
  if (revisionHistoryLimit < 0) return []
  return inRevisionOrder(unused).slice(0, Math.max(0, counted - revisionHistoryLimit))
}

const nameOf = ({ metadata }: ControllerRevision): string => metadata.name ?? ''
