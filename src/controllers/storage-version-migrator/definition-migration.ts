import { createHash } from 'node:crypto'
import type { CustomResourceDefinition } from '../../api/apiextensions/v1/index.js'
import { rfc3339 } from '../../machinery/clock.js'
import type { Outcome } from './migration-plan.js'

type Status = CustomResourceDefinition['status']

const type = 'StorageMigrating'

/** The status of a definition whose objects are about to be migrated. `now` is in ms. */
export const migrating = (definition: CustomResourceDefinition, migration: string, now: number): Status =>
  withCondition(definition, {
    status: 'True',
    reason: 'MigrationRunning',
    message: `Migration ${migration} is running`,
    now,
  })

/** The migration that a definition says is running. */
export function runningMigration({ status }: CustomResourceDefinition): string | undefined {
  const told = status.conditions?.find(condition => condition.type === type)
  return told?.status === 'True' ? /^Migration (\S+) is running$/.exec(told.message ?? '')?.[1] : undefined
}

/**
 * The status of a definition whose objects have been migrated, or not. If they have, and the definition has not changed
 * meanwhile, none are stored in another version than today's.
 */
export function migrated(definition: CustomResourceDefinition, outcome: Outcome['type'], now: number): Status {
  const { status, metadata } = definition
  if (outcome === 'Failed')
    return withCondition(definition, {
      status: 'False',
      reason: 'MigrationFailed',
      message: 'The migration has failed',
      now,
    })
  const began = status.conditions?.find(condition => condition.type === type)
  const unchanged = began !== undefined && began.observedGeneration === metadata.generation
  const how = unchanged
    ? 'and the stored versions have been updated'
    : 'but the stored versions have not been updated due to a generation mismatch'
  const said = withCondition(definition, {
    status: 'False',
    reason: 'MigrationSucceeded',
    message: `The migration has succeeded ${how}`,
    now,
  })
  const stored = storageVersion(definition)
  return unchanged && stored ? { ...said, storedVersions: [stored] } : said
}

interface News {
  readonly status: 'True' | 'False'
  readonly reason: string
  readonly message: string
  readonly now: number
}

function withCondition({ status, metadata }: CustomResourceDefinition, { now, ...news }: News): Status {
  const known = status.conditions ?? []
  const before = known.find(condition => condition.type === type)
  const made = {
    type,
    ...news,
    ...(metadata.generation ? { observedGeneration: metadata.generation } : {}),
    lastTransitionTime:
      before?.status === news.status && before.lastTransitionTime ? before.lastTransitionTime : rfc3339(now),
  }
  return { ...status, conditions: before ? known.map(one => (one === before ? made : one)) : [...known, made] }
}

const storageVersion = ({ spec }: CustomResourceDefinition): string | undefined =>
  spec.versions.find(({ storage }) => storage)?.name

/** What discovery says of a custom resource that is stored as its definition wants it. */
export const storageHashOf = (definition: CustomResourceDefinition): string =>
  createHash('sha256')
    .update(`${definition.spec.group}/${storageVersion(definition) ?? ''}/${definition.spec.names.kind}`)
    .digest()
    .subarray(0, 8)
    .toString('base64')
