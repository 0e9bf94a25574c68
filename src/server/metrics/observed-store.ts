import type { Cell, Distribution } from '../../machinery/metrics/index.js'
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
  const { duration, total, errors } = metrics.storage
  const folders = new Folders(registries)
  const timed = <R>(operation: Operation, key: string, work: Promise<R>): Promise<R> => {
    const begun = performance.now()
    const note = (failed: boolean) => {
      const { group, plural, uses } = folders.of(key)
      const use = (uses[operation] ??= {
        duration: duration.with(operation, group, plural),
        total: total.with(operation, group, plural),
      })
      use.duration.observe((performance.now() - begun) / 1000)
      use.total.add(1)
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

/** What is done to the objects of a resource. */
interface Folder {
  readonly group: string
  readonly plural: string
  /** Looking a series up takes longer than noting something in it. */
  readonly uses: { [operation in Operation]?: { readonly duration: Distribution; readonly total: Cell } }
}

/** The resources whose folders keys lie in. */
class Folders {
  readonly #known = new Map<string, Folder>()
  readonly #nobodys: Folder = { group: '', plural: '', uses: {} }

  constructor(private readonly registries: Registries) {}

  of(key: string): Folder {
    let slash = '/registry'.length
    for (let depth = 0; depth < 3; depth++) {
      slash = key.indexOf('/', slash + 1)
      if (slash < 0) break
      const prefix = key.slice(0, slash + 1)
      const known = this.#known.get(prefix)
      if (known) return known
      const owner = this.registries.all().find(({ cache, resource }) => cache.prefix === prefix && !resource.storedAs)
      if (!owner) continue
      const folder = { ...owner.name, uses: {} }
      this.#known.set(prefix, folder)
      return folder
    }
    return this.#nobodys
  }
}
