import type { Pod } from '../../api/core/v1/index.js'

export const priorityOf = ({ spec }: Pod): number => spec.priority ?? 0

/** When a pod started, in ms since the epoch; one that has not started yet has just begun. */
export const startOf = ({ status }: Pod): number => (status.startTime ? Date.parse(status.startTime) : Number.MAX_VALUE)

/** For sorting: the pod of higher priority comes first, then the one that has run longer. */
export const byImportance = (a: Pod, b: Pod): number => priorityOf(b) - priorityOf(a) || startOf(a) - startOf(b)
