import {
  CompactedError,
  FutureRevisionError,
  KeyExistsError,
  RevisionConflictError,
  type Store,
} from '../../storage/store.js'
import type { Registries } from '../registry/registries.js'
import type { ServerMetrics } from './server-metrics.js'

type Operation = 'get' | 'list' | 'create' | 'update' | 'delete'

/** The same store, whose use is measured. Its end is left to its owner. */
export function observedStore(store: Store, metrics: Pick<ServerMetrics, 'storage'>, registries: Registries): Store {
  const timed = <R>(operation: Operation, key: string, work: Promise<R>): Promise<R> => {
    const begun = performance.now()
    const note = (failed: boolean) => {
      const { group, plural } = ownerOf(registries, key)
      const { duration, total, errors } = metrics.storage
      duration.with(operation, group, plural).observe((performance.now() - begun) / 1000)
      total.with(operation, group, plural).add(1)
      if (failed) errors.with(operation, group, plural).add(1)
    }
    work.then(
      () => note(false),
      error => note(!expected(error)),
    )
    return work
  }
  return {
    get: key => timed('get', key, store.get(key)),
    list: (prefix, options) => timed('list', prefix, store.list(prefix, options)),
    create: (key, value, options) => timed('create', key, store.create(key, value, options)),
    update: (key, value, revision, options) => timed('update', key, store.update(key, value, revision, options)),
    delete: (key, revision) => timed('delete', key, store.delete(key, revision)),
    watch: (prefix, from, signal) => store.watch(prefix, from, signal),
    revision: () => store.revision(),
    compact: revision => store.compact(revision),
    [Symbol.asyncDispose]: async () => {},
  }
}

const expected = (error: unknown): boolean =>
  error instanceof KeyExistsError ||
  error instanceof RevisionConflictError ||
  error instanceof CompactedError ||
  error instanceof FutureRevisionError

const nobody = { group: '', plural: '' }
const owners = new WeakMap<Registries, Map<string, { readonly group: string; readonly plural: string }>>()

/** The resource in whose folder a key lies. */
function ownerOf(registries: Registries, key: string): { readonly group: string; readonly plural: string } {
  let known = owners.get(registries)
  if (!known) owners.set(registries, (known = new Map()))
  let slash = '/registry'.length
  for (let depth = 0; depth < 3; depth++) {
    slash = key.indexOf('/', slash + 1)
    if (slash < 0) break
    const folder = key.slice(0, slash + 1)
    let owner = known.get(folder)
    if (!owner) {
      const registry = registries.all().find(({ cache, resource }) => cache.prefix === folder && !resource.storedAs)
      if (!registry) continue
      owner = registry.name
      known.set(folder, owner)
    }
    return owner
  }
  return nobody
}
