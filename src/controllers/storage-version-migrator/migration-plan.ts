import type { StorageVersionMigration } from '../../api/storagemigration/v1beta1/index.js'
import { rfc3339 } from '../../machinery/clock.js'

type Status = StorageVersionMigration['status']
type Conditions = NonNullable<Status['conditions']>

/** What a migration comes to. */
export interface Outcome {
  readonly type: 'Succeeded' | 'Failed'
  readonly message: string
}

const conditionOf = ({ status }: StorageVersionMigration, type: string) =>
  status.conditions?.find(condition => condition.type === type)

const holds = (migration: StorageVersionMigration, type: string): boolean =>
  conditionOf(migration, type)?.status === 'True'

/** Whether a migration has come to its end: what becomes of it later is nothing. */
export const hasEnded = (migration: StorageVersionMigration): boolean =>
  holds(migration, 'Succeeded') || holds(migration, 'Failed')

/**
 * What is next for a migration, among all: to tell the resource's definition how it ended (`close`); to be let in (`begin`),
 * one at a time for each resource, the oldest first; to be worked on.
 */
export type Step = 'nothing' | 'close' | 'begin' | 'work'

export function nextStep(migration: StorageVersionMigration, all: readonly StorageVersionMigration[]): Step {
  if (hasEnded(migration)) return isOpen(migration) ? 'close' : 'nothing'
  if (holds(migration, 'Running')) return 'work'
  const rivals = all.filter(other => isSameResource(other, migration))
  // One that has ended, but not been closed, has still a say in what the definition shows.
  if (rivals.some(other => holds(other, 'Running') || isOpen(other))) return 'nothing'
  const waiting = rivals.filter(other => !hasEnded(other)).sort(byAge)
  return waiting[0]?.metadata.name === migration.metadata.name ? 'begin' : 'nothing'
}

const isOpen = (migration: StorageVersionMigration): boolean =>
  hasEnded(migration) && conditionOf(migration, 'Running') !== undefined

export const isSameResource = (one: StorageVersionMigration, other: StorageVersionMigration): boolean =>
  one.spec.resource.group === other.spec.resource.group && one.spec.resource.resource === other.spec.resource.resource

function byAge({ metadata: one }: StorageVersionMigration, { metadata: other }: StorageVersionMigration): number {
  const ages = Date.parse(one.creationTimestamp ?? '') - Date.parse(other.creationTimestamp ?? '')
  return ages || ((one.name ?? '') < (other.name ?? '') ? -1 : 1)
}

/** The status of a migration that is let in. `now` is in ms. */
export const begun = (status: Status, now: number): Status =>
  withCondition(status, { type: 'Running', reason: 'MigrationRunning', message: 'The migration is running' }, now)

/** The status of a migration that has come to its end. `now` is in ms. */
export function ended(status: Status, { type, message }: Outcome, now: number): Status {
  const conditions = (status.conditions ?? []).map(condition =>
    condition.type === 'Running' ? { ...condition, status: 'False' } : condition,
  )
  return withCondition({ ...status, conditions }, { type, reason: `StorageVersionMigration${type}`, message }, now)
}

/** The status of a migration of which everything is done. */
export const closed = (status: Status): Status => ({
  ...status,
  conditions: (status.conditions ?? []).filter(({ type }) => type !== 'Running'),
})

function withCondition(
  status: Status,
  condition: Pick<Conditions[number], 'type' | 'reason' | 'message'>,
  now: number,
): Status {
  const others = (status.conditions ?? []).filter(({ type }) => type !== condition.type)
  return { ...status, conditions: [...others, { ...condition, status: 'True', lastTransitionTime: rfc3339(now) }] }
}

/**
 * Whether an object was written after the migration had begun, in today's form then. Versions are compared as numbers of any
 * length; undefined if one of them is none.
 */
export function isWrittenSince(version: string | undefined, noted: string): boolean | undefined {
  if (version === undefined || ![version, noted].every(text => /^[1-9]\d*$/.test(text))) return undefined
  return version.length === noted.length ? version > noted : version.length > noted.length
}
