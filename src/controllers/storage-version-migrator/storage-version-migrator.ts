import { CustomResourceDefinition } from '../../api/apiextensions/v1/index.js'
import { StorageVersionMigration } from '../../api/storagemigration/v1beta1/index.js'
import type { Client } from '../../client/client.js'
import {
  type Again,
  type AnyKind,
  type Controller,
  controller,
  type ReconcileContext,
  watchAlso,
} from '../../client/controller.js'
import { answerOf, discover } from '../../client/discovery.js'
import { apiVersionOf, groupOf } from '../../client/owners.js'
import type { APIResourceList } from '../../machinery/meta/index.js'
import { isNotFound, StatusError, serviceUnavailable } from '../../machinery/status-error.js'
import { migrated, migrating, runningMigration, storageHashOf } from './definition-migration.js'
import { begun, closed, ended, hasEnded, isSameResource, nextStep, type Outcome } from './migration-plan.js'
import { MigrationError, newestVersion, rewriteObjects } from './rewrite-objects.js'

/** What is not served yet may soon be: how long, in ms since the migration was asked for, and how often it is looked for. */
const patience = 60_000
const lookAgain = 1_000

const definitionManager = 'migration-runner-controller'

/**
 * Has the objects of a resource written anew, so that all are stored in today's version of their kind and with today's key.
 * https://kubernetes.io/docs/tasks/manage-kubernetes-objects/storage-version-migration/
 */
export const storageVersionMigrator = (): Controller =>
  controller({
    name: 'storage-version-migrator',
    concurrency: 5,
    watches: {
      for: StorageVersionMigration,
      also: [
        // One that ends, or goes, makes room for the next.
        watchAlso(StorageVersionMigration, (migration, _old, cache) =>
          cache
            .list(StorageVersionMigration)
            .filter(other => isSameResource(other, migration) && other.metadata.name !== migration.metadata.name)
            .map(({ metadata }) => ({ namespace: '', name: metadata.name ?? '' })),
        ),
        // It may speak of one that has gone meanwhile.
        watchAlso(CustomResourceDefinition, definition => {
          const name = runningMigration(definition)
          return name === undefined ? [] : [{ namespace: '', name }]
        }),
      ],
    },
    async reconcile({ name }, context) {
      const { get, list, client, clock } = context
      const migration = get(StorageVersionMigration, { name })
      if (!migration) {
        for (const definition of list(CustomResourceDefinition))
          if (runningMigration(definition) === name)
            await writeDefinition(client, definition, migrated(definition, 'Failed', clock.now()))
        return undefined
      }
      switch (nextStep(migration, list(StorageVersionMigration))) {
        case 'begin':
          await mark(migration, context, definition => migrating(definition, name, clock.now()))
          await writeStatus(client, migration, begun(migration.status, clock.now()))
          return undefined
        case 'work':
          return work(migration, context)
        case 'close': {
          const outcome = migration.status.conditions?.some(
            ({ type, status }) => type === 'Succeeded' && status === 'True',
          )
          await mark(migration, context, definition =>
            migrated(definition, outcome ? 'Succeeded' : 'Failed', clock.now()),
          )
          await writeStatus(client, migration, closed(migration.status))
          return undefined
        }
        default:
          return undefined
      }
    },
  })

async function work(migration: StorageVersionMigration, context: ReconcileContext): Promise<Again | undefined> {
  const { client, clock } = context
  const end = (outcome: Outcome) => writeStatus(client, migration, ended(migration.status, outcome, clock.now()))
  try {
    if (await advance(migration, context)) await end({ type: 'Succeeded', message: '' })
    return undefined
  } catch (error) {
    const pause = error instanceof StatusError ? error.details?.retryAfterSeconds : undefined
    if (pause) return { after: pause * 1000 }
    if (!(error instanceof MigrationError)) throw error
    const { creationTimestamp = '' } = migration.metadata
    if (error.mayPass && clock.now() < Date.parse(creationTimestamp) + patience) return { after: lookAgain }
    await end({ type: 'Failed', message: `migration encountered unhandled error: ${error.message}` })
    return undefined
  }
}

/** Notes the version at which a migration begins, or rewrites what is older; resolves to whether nothing is. */
async function advance(migration: StorageVersionMigration, context: ReconcileContext): Promise<boolean> {
  const { get, client, signal } = context
  const { metadata, status } = migration
  const kind = await servedKind(migration, client, signal)
  if (status.resourceVersion) {
    const wanted = () => {
      const now = get(StorageVersionMigration, metadata)
      return now !== undefined && now.metadata.uid === metadata.uid && !hasEnded(now)
    }
    return rewriteObjects({ client, kind, noted: status.resourceVersion, wanted, signal })
  }
  const definition = definitionOf(migration, context)
  if (definition && !(await isStoredAsDefined(definition, kind, client, signal)))
    throw new MigrationError('the server does not store the resource in the version that its definition says', true)
  const resourceVersion = await newestVersion({ client, kind, signal })
  await writeStatus(client, migration, { ...status, resourceVersion })
  return false
}

/** The kind of a migration's resource, in the version that the server prefers. Throws a `MigrationError` if it has none. */
async function servedKind(
  { spec: { resource } }: StorageVersionMigration,
  client: Client,
  signal: AbortSignal,
): Promise<AnyKind> {
  const api = await discover(client, signal)
  const found = api.resources.find(
    ({ kind, preferred }) => preferred && kind.gvk.group === resource.group && kind.plural === resource.resource,
  )
  if (!found) {
    // One that another server serves, which is down, may be there.
    const untold = api.failures.find(({ groupVersion }) => groupOf(groupVersion) === resource.group)
    if (untold) throw serviceUnavailable(untold.message)
    throw new MigrationError('resource does not exist in discovery', true)
  }
  const missing = ['list', 'patch'].filter(verb => !found.verbs.includes(verb))
  if (missing.length > 0) throw new MigrationError(`the resource does not support ${missing.join(' and ')}`)
  return found.kind
}

function definitionOf(
  { spec: { resource } }: StorageVersionMigration,
  { get }: ReconcileContext,
): CustomResourceDefinition | undefined {
  return get(CustomResourceDefinition, { name: `${resource.resource}.${resource.group}` })
}

/** Whether the server has taken on what a definition says of the storage; true if it does not tell. */
async function isStoredAsDefined(
  definition: CustomResourceDefinition,
  { gvk, plural }: AnyKind,
  client: Client,
  signal: AbortSignal,
): Promise<boolean> {
  const path = `/apis/${apiVersionOf(gvk)}`
  const list = (await answerOf(await client.request({ method: 'GET', path, signal }))) as Partial<APIResourceList>
  const hash = list.resources?.find(({ name }) => name === plural)?.storageVersionHash
  return !hash || hash === storageHashOf(definition)
}

/** Writes the status of the definition of a migration's resource, if it is a custom one. */
async function mark(
  migration: StorageVersionMigration,
  context: ReconcileContext,
  statusOf: (definition: CustomResourceDefinition) => CustomResourceDefinition['status'],
): Promise<void> {
  const definition = definitionOf(migration, context)
  if (definition) await writeDefinition(context.client, definition, statusOf(definition))
}

async function writeDefinition(
  client: Client,
  definition: CustomResourceDefinition,
  { conditions, storedVersions }: CustomResourceDefinition['status'],
): Promise<void> {
  const { resourceVersion } = definition.metadata
  const body = { metadata: { resourceVersion }, status: { conditions, storedVersions } }
  const options = { subresource: 'status', fieldManager: definitionManager }
  try {
    await client.patch(CustomResourceDefinition, definition.metadata, { type: 'merge', body }, options)
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}

/** A migration that is gone needs no status any more. */
async function writeStatus(
  client: Client,
  migration: StorageVersionMigration,
  status: StorageVersionMigration['status'],
): Promise<void> {
  try {
    await client.update(StorageVersionMigration, { ...migration, status }, { subresource: 'status' })
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}
