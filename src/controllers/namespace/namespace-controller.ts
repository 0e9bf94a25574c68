import { Namespace, Pod } from '../../api/core/v1/index.js'
import type { Client } from '../../client/client.js'
import { type Again, type Controller, controller, type ReconcileContext, watchAlso } from '../../client/controller.js'
import { Discovery, type ServedApi } from '../../client/discovery.js'
import { rfc3339 } from '../../machinery/clock.js'
import { messageOf } from '../../machinery/message-of.js'
import { isNotFound } from '../../machinery/status-error.js'
import { type DeletionProgress, deletionConditions, finished } from './conditions.js'
import { deleteContent } from './content.js'
import { deleteLateArrivals } from './late-arrivals.js'

const finalizer = 'kubernetes'
/** What is left is looked at again after a quarter of the time it took so far, within these limits, in ms. */
const soonest = 50
const latest = 5_000
/** A namespace that is gone is looked at once more, in ms: see `deleteLateArrivals`. */
const afterwards = 5_000

interface Deletion {
  readonly uid: string
  readonly since: number
  /** What the server served before is of no use: objects of newer kinds may be in the namespace. */
  readonly mark: number
}

/**
 * Empties namespaces that are being deleted and lets them go:
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/. Each call makes a controller of its own.
 */
export function namespaces(): Controller {
  const deletions = new Map<string, Deletion>()
  /** Namespaces that are gone, and looked at again. */
  const gone = new Set<string>()
  let discovery: Discovery | undefined

  async function served(client: Client, signal: AbortSignal, mark: number): Promise<ServedApi> {
    discovery ??= new Discovery(client, signal)
    return discovery.since(mark)
  }

  async function empty(namespace: Namespace, deletion: Deletion, context: ReconcileContext): Promise<DeletionProgress> {
    const { client, signal } = context
    const nothing = { failures: [], malformed: [], errors: [], remaining: [] }
    let api: ServedApi
    try {
      api = await served(client, signal, deletion.mark)
      // What failed then may be well by now.
      if (api.failures.length > 0 && discovery) api = await discovery.since(discovery.now)
    } catch (error) {
      signal.throwIfAborted()
      return { ...nothing, discoveryError: messageOf(error) }
    }
    const { failures, malformed } = api
    return { failures, malformed, ...(await deleteContent(client, api, namespace.metadata.name ?? '', signal)) }
  }

  /** A namespace just gone, or gone for a while. */
  async function afterDeletion(name: string, { client, signal }: ReconcileContext): Promise<Again | undefined> {
    deletions.delete(name)
    if (!gone.delete(name)) {
      gone.add(name)
      return { after: afterwards }
    }
    const count = await deleteLateArrivals(client, await served(client, signal, 0), name, signal)
    if (count === 0) return undefined
    gone.add(name)
    return { after: afterwards }
  }

  return controller({
    name: 'namespace',
    concurrency: 10,
    watches: {
      for: Namespace,
      also: [
        // The rest goes as soon as the last pod has ended.
        watchAlso(Pod, ({ metadata }, _old, cache) => {
          const { namespace = '' } = metadata
          if (cache.get(Pod, metadata)) return []
          if (!cache.get(Namespace, { name: namespace })?.metadata.deletionTimestamp) return []
          return cache.count(Pod, namespace) === 0 ? [{ namespace: '', name: namespace }] : []
        }),
      ],
    },
    async reconcile({ name }, context) {
      const { get, client, clock, signal } = context
      const known = get(Namespace, { name })
      if (!known) return afterDeletion(name, context)
      gone.delete(name)
      if (!isDue(known)) return undefined
      const namespace = await live(client, known, signal)
      if (!namespace || !isDue(namespace)) return undefined

      const uid = namespace.metadata.uid ?? ''
      let deletion = deletions.get(name)
      if (deletion?.uid !== uid) {
        deletion = { uid, since: clock.now(), mark: discovery?.now ?? 0 }
        deletions.set(name, deletion)
      }
      const progress = await empty(namespace, deletion, context)
      const conditions = deletionConditions(progress, namespace.status, rfc3339(clock.now()))
      const told =
        conditions || namespace.status.phase !== 'Terminating'
          ? await client.update(
              Namespace,
              {
                ...namespace,
                status: { ...namespace.status, phase: 'Terminating', ...(conditions ? { conditions } : {}) },
              },
              { subresource: 'status', signal },
            )
          : namespace
      if (!finished(progress)) {
        const elapsed = clock.now() - deletion.since
        return { after: Math.min(latest, Math.max(soonest, elapsed / 4)) }
      }
      await letGo(client, told, signal)
      return undefined
    },
  })
}

/** Being deleted, and held by the finalizer that is ours. */
const isDue = ({ metadata, spec }: Namespace): boolean =>
  metadata.deletionTimestamp !== undefined && (spec.finalizers ?? []).includes(finalizer)

/** The namespace as the server has it; undefined if it is gone, or another one goes by its name. */
async function live(client: Client, { metadata }: Namespace, signal: AbortSignal): Promise<Namespace | undefined> {
  try {
    const namespace = await client.get(Namespace, metadata, { signal })
    return namespace.metadata.uid === metadata.uid ? namespace : undefined
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

async function letGo(client: Client, namespace: Namespace, signal: AbortSignal): Promise<void> {
  const finalizers = (namespace.spec.finalizers ?? []).filter(one => one !== finalizer)
  try {
    await client.update(
      Namespace,
      { ...namespace, spec: { ...namespace.spec, finalizers } },
      { subresource: 'finalize', signal },
    )
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}
