import { readFile } from 'node:fs/promises'
import { type Clock, sleep } from '../../machinery/clock.js'
import type { MetricsRegistry } from '../../machinery/metrics/index.js'
import type { Resource } from '../../machinery/resource.js'
import type { TransformerOf } from '../../storage/encryption/index.js'
import { every } from '../every.js'
import type { HealthCheck } from '../health.js'
import { EncryptionMetrics } from './encryption-metrics.js'
import type { KmsProvider } from './kms-provider.js'
import { type LoadedEncryption, loadEncryption } from './load-encryption.js'
import { keyTransformers } from './stored-keys.js'

/** How objects are encrypted while they are stored. */
export interface EncryptionOptions {
  /** Where the EncryptionConfiguration is. */
  readonly file: string
  /** Look every minute for a new configuration in the file. */
  readonly reload?: boolean
}

export interface EncryptionParts {
  readonly clock: Clock
  readonly metrics: MetricsRegistry
  /** What may be stored, to tell whose keys are whose. */
  readonly resources: readonly Resource[]
  readonly onError: (error: unknown) => void
}

const reloadEvery = 60_000
/** Plugins of a new configuration have at least so long to become well, and are asked so often. */
const plugins = { becomeWellIn: 10_000, askedEvery: 100 }

/** The encryption in force: that of the file, as it was when it last was without fault. */
export class Encryption implements Disposable {
  /** By whom the values of a storage key are encrypted; undefined if nobody does. */
  transformerOf: TransformerOf = () => undefined
  /** Hears when what could not be read before may be read now. */
  onChange: () => void = () => {}
  #loaded: LoadedEncryption | undefined
  #reloading = false
  readonly #stopping = new AbortController()
  readonly #metrics

  private constructor(
    private readonly options: EncryptionOptions,
    private readonly parts: EncryptionParts,
  ) {
    this.#metrics = new EncryptionMetrics(parts.metrics)
  }

  /** Throws `EncryptionConfigError` if the file cannot be used, and what reading it throws. */
  static async open(options: EncryptionOptions, parts: EncryptionParts): Promise<Encryption> {
    const encryption = new Encryption(options, parts)
    encryption.#use(await encryption.#load(await readFile(options.file, 'utf8')))
    if (options.reload)
      every(parts.clock, reloadEvery, encryption.#stopping.signal, () => {
        void encryption.reload()
      })
    return encryption
  }

  /** One check of all plugins; none if there are no plugins and never will be. */
  get healthChecks(): readonly HealthCheck[] {
    if (!this.options.reload && !this.#loaded?.plugins.length) return []
    return [{ name: 'kms-providers', check: () => checkAll(this.#loaded?.plugins ?? []) }]
  }

  /** Looks into the file, and uses what it says if that has changed and is without fault. */
  async reload(): Promise<void> {
    if (this.#reloading) return
    this.#reloading = true
    const { clock, onError } = this.parts
    try {
      const text = await readFile(this.options.file, 'utf8')
      if (text === this.#loaded?.text) return
      const loaded = await this.#load(text)
      try {
        await this.#becomesWell(loaded)
      } catch (error) {
        loaded[Symbol.dispose]()
        throw error
      }
      this.#use(loaded)
      this.#metrics.reload('success', clock.now())
      this.onChange()
    } catch (error) {
      if (this.#stopping.signal.aborted) return
      this.#metrics.reload('failure', clock.now())
      onError(new Error(`the encryption configuration ${this.options.file} was not taken over`, { cause: error }))
    } finally {
      this.#reloading = false
    }
  }

  [Symbol.dispose](): void {
    this.#stopping.abort()
    this.#loaded?.[Symbol.dispose]()
  }

  #load(text: string): Promise<LoadedEncryption> {
    const { clock, onError } = this.parts
    return loadEncryption(text, {
      reload: this.options.reload ?? false,
      clock,
      metrics: this.#metrics,
      onError,
      onReady: () => this.onChange(),
    })
  }

  async #becomesWell({ plugins: all, graceMs }: LoadedEncryption): Promise<void> {
    const { clock } = this.parts
    const deadline = clock.now() + Math.max(graceMs, plugins.becomeWellIn)
    for (;;) {
      try {
        return await checkAll(all)
      } catch (error) {
        if (clock.now() >= deadline) throw error
      }
      await sleep(clock, plugins.askedEvery, this.#stopping.signal)
    }
  }

  #use(loaded: LoadedEncryption): void {
    const before = this.#loaded
    this.#loaded = loaded
    this.transformerOf = keyTransformers(this.parts.resources, loaded)
    this.#metrics.configuration(loaded.text)
    if (!before) return
    // What is under way with the old one may end with it.
    const timer = this.parts.clock.after(before.graceMs, () => before[Symbol.dispose]())
    this.#stopping.signal.addEventListener(
      'abort',
      () => {
        timer[Symbol.dispose]()
        before[Symbol.dispose]()
      },
      { once: true },
    )
  }
}

async function checkAll(all: readonly KmsProvider[]): Promise<void> {
  const outcomes = await Promise.allSettled(all.map(plugin => plugin.check()))
  const faults = outcomes.flatMap((outcome, i) =>
    outcome.status === 'rejected' ? [`kms-provider-${i}: ${(outcome.reason as Error).message}`] : [],
  )
  if (faults.length > 0) throw new Error(faults.length > 1 ? `[${faults.join(', ')}]` : faults[0])
}
