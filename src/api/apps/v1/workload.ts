import { invalidValue } from '../../../machinery/field-errors.js'
import type { LabelSelectorObject } from '../../../machinery/labels.js'
import type { ApiObject } from '../../../machinery/object.js'
import { type FieldPath, root } from '../../../machinery/path.js'
import type { ScaleSubresource } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import type { PodTemplateSpec } from '../../core/v1/index.js'
import { hostNameWarnings, podWarnings } from '../../core/v1/pod-warnings.js'
import { usableSelector } from '../../workload-selectors.js'

interface Scalable extends ApiObject {
  readonly spec: { readonly replicas?: number; readonly selector: LabelSelectorObject | null }
  readonly status: { readonly replicas?: number }
}

/** The scale of a workload that counts its replicas in `spec.replicas`. */
export function workloadScale<T extends Scalable>(): ScaleSubresource<T> {
  return {
    type: 'scale',
    name: 'scale',
    verbs: ['get', 'patch', 'update'],
    replicasPath: 'spec.replicas',
    read: ({ spec, status }) => ({
      replicas: spec.replicas ?? 0,
      observed: status.replicas ?? 0,
      selector: usableSelector(spec.selector)?.toString() ?? '',
    }),
    write(draft, replicas) {
      ;(draft.spec as { replicas?: number }).replicas = replicas
    },
  }
}

/** Warnings about the template that stands at `path`, of objects that are new or not as they were. */
export function templateWarnings(
  object: ApiObject,
  old: ApiObject | undefined,
  template: PodTemplateSpec | undefined,
  path: FieldPath = root.child('spec', 'template'),
): string[] {
  if (!template || (old && object.metadata.generation === old.metadata.generation)) return []
  return podWarnings(template.metadata, template.spec, path.child('spec'), path.child('metadata'))
}

/** Names that pods inherit should be labels, since they become host names. */
export const nameWarnings = ({ metadata: { name = '' } }: ApiObject): string[] =>
  hostNameWarnings(name, 'Pod names and hostnames')

interface Collisions {
  readonly collisionCount?: number
}

/** How often names of children clashed is counted up only. */
export function validateCollisions({ collisionCount }: Collisions, old: Collisions): FieldError[] {
  if (old.collisionCount === undefined || (collisionCount ?? -1) >= old.collisionCount) return []
  return [invalidValue(root.child('status', 'collisionCount'), collisionCount ?? 0, 'cannot be decremented')]
}
