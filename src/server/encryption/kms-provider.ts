import { randomBytes, randomUUID } from 'node:crypto'
import { type Clock, rfc3339, sleep } from '../../machinery/clock.js'
import { aesGcm, derivedAesGcm, type Plain, seedBytes, type Transformer } from '../../storage/encryption/index.js'
import type { EncryptionMetrics } from './encryption-metrics.js'
import { checkSource, decodeEnvelope, encodeEnvelope, hashed, keyIdFault } from './kms-envelope.js'
import { dekSource, type EncryptedObject } from './kms-messages.js'
import type { KmsService } from './kms-service.js'

/** How often a plugin is asked for its state, in milliseconds: while it is well, and while it is not. */
const probeEvery = { well: 60_000, unwell: 10_000 }
/** How long the answer to a health check counts. */
const checkCounts = { well: 20_000, unwell: 3_000 }
/** How long after the plugin last confirmed its key that key still encrypts. */
const seedCounts = 3 * 60_000
/** How long decrypted seeds are kept. */
const decryptedFor = 24 * 3_600_000

/** The seed that encrypts at the moment. */
interface Seed {
  readonly transformer: Transformer
  readonly keyId: string
  readonly source: EncryptedObject
  readonly cacheKey: string
  /** Until when, in milliseconds since the epoch. */
  readonly expires: number
}

export interface KmsProviderOptions {
  readonly name: string
  readonly service: KmsService
  readonly clock: Clock
  readonly metrics: EncryptionMetrics
  readonly onError: (error: unknown) => void
  /** Hears when the plugin is well for the first time, unless `start` has waited for that. */
  readonly onReady: () => void
}

/**
 * Encrypts with keys derived from a seed that the plugin keeps secret: the seed is made here, encrypted by the plugin
 * once, and kept in memory. When the plugin's key changes, a new seed is made.
 */
export class KmsProvider implements Disposable {
  readonly transformer: Transformer
  #seed: Seed | undefined
  #started = false
  #version: string | undefined
  #checked: { readonly at: number; readonly error?: Error } | undefined
  #checking: Promise<void> | undefined
  readonly #decrypted = new Map<string, { readonly transformer: Transformer; readonly at: number }>()
  readonly #decrypting = new Map<string, Promise<Transformer>>()

  constructor(private readonly options: KmsProviderOptions) {
    this.transformer = {
      fromStorage: (stored, key) => this.#fromStorage(stored, key),
      toStorage: (plain, key) => this.#toStorage(plain, key),
    }
  }

  /** Asks for the plugin's state once, and from then on again and again. */
  async start(signal: AbortSignal): Promise<void> {
    await this.#probe()
    this.#started = true
    void this.#keepProbing(signal)
  }

  /** Resolves if the plugin is well and its key is the one that encrypts; rejects with what is wrong. */
  async check(): Promise<void> {
    const { clock } = this.options
    const last = this.#checked
    if (last && clock.now() - last.at < (last.error ? checkCounts.unwell : checkCounts.well)) {
      if (last.error) throw last.error
      return
    }
    this.#checking ??= this.#ask().finally(() => {
      this.#checking = undefined
    })
    await this.#checking
  }

  [Symbol.dispose](): void {
    this.options.service[Symbol.dispose]()
  }

  async #keepProbing(signal: AbortSignal): Promise<void> {
    let well = this.#seed !== undefined
    try {
      for (;;) {
        await sleep(this.options.clock, well ? probeEvery.well : probeEvery.unwell, signal)
        well = await this.#probe()
      }
    } catch (error) {
      if (!signal.aborted) this.options.onError(error)
    }
  }

  async #probe(): Promise<boolean> {
    try {
      await this.check()
      return true
    } catch (error) {
      this.options.onError(error)
      return false
    }
  }

  async #ask(): Promise<void> {
    const { name, service, clock } = this.options
    try {
      const status = await service.status().catch(error => {
        throw new Error(
          `failed to perform status section of the healthz check for KMS Provider ${name}, error: ${error.message}`,
        )
      })
      const faults = [...this.#faultsOf(status), ...(await this.#follow(status.keyId))]
      if (faults.length > 0)
        throw new Error(
          `kmsv2 Provider ${name} is not healthy, error: ${faults.length > 1 ? `[${faults.join(', ')}]` : faults[0]}`,
        )
      this.#checked = { at: clock.now() }
    } catch (error) {
      this.#checked = { at: clock.now(), error: error as Error }
      throw error
    }
  }

  #faultsOf({ healthz = '', version = '' }: { readonly healthz?: string; readonly version?: string }): string[] {
    const faults = healthz === 'ok' ? [] : [`got unexpected healthz status: ${healthz}`]
    if (version !== 'v2' && version !== 'v2beta1') return [...faults, `expected KMSv2 API version v2, got ${version}`]
    this.#version ??= version
    if (version === this.#version) return faults
    return [
      ...faults,
      `KMSv2 API version should not change after the initial status response version ${this.#version}, got ${version}`,
    ]
  }

  /** Goes on with the seed if the plugin's key is the same, and makes a new one if not. Answers what is wrong. */
  async #follow(keyId = ''): Promise<string[]> {
    const { name, clock, metrics } = this.options
    const wrong = keyIdFault(keyId)
    if (wrong) {
      metrics.invalidKeyId(name, wrong.code)
      return [`got invalid KMSv2 KeyID hash ${JSON.stringify(hashed(keyId))}: ${wrong.message}`]
    }
    metrics.statusKeyId(name, keyId, clock.now())
    // Counted from before the plugin is asked: the time is the longest there may be.
    const expires = clock.now() + seedCounts
    if (this.#seed?.keyId === keyId) {
      this.#seed = { ...this.#seed, expires }
      return []
    }
    try {
      const made = await this.#makeSeed(expires)
      if (made.keyId === keyId) {
        const first = !this.#seed
        this.#seed = made
        if (first && this.#started) this.options.onReady()
        return []
      }
      return [
        `failed to rotate DEK: the plugin encrypts with key ${hashed(made.keyId)}, but its status says ${hashed(keyId)}`,
      ]
    } catch (error) {
      return [`failed to rotate DEK: ${(error as Error).message}`]
    }
  }

  async #makeSeed(expires: number): Promise<Seed> {
    const plaintext = randomBytes(seedBytes)
    const {
      ciphertext,
      keyId = '',
      annotations,
    } = await this.options.service.encrypt({ plaintext, uid: randomUUID() }).catch(error => {
      throw new Error(`failed to encrypt DEK, error: ${error.message}`)
    })
    const source: EncryptedObject = {
      keyId,
      ...(ciphertext ? { encryptedDekSource: ciphertext } : {}),
      ...(annotations ? { annotations } : {}),
      encryptedDekSourceType: dekSource.derivedAesGcmSeed,
    }
    checkSource(source)
    return { transformer: derivedAesGcm(plaintext), keyId, source, cacheKey: cacheKeyOf(source), expires }
  }

  #current(): Seed {
    if (!this.#seed) throw new Error(`the KMS plugin ${this.options.name} has not been ready yet`)
    return this.#seed
  }

  #toStorage(plain: Uint8Array, key: string): Uint8Array {
    const { clock, metrics, name } = this.options
    const seed = this.#current()
    const now = clock.now()
    if (now > seed.expires)
      throw new Error(
        `encryptedDEKSource with keyID hash ${JSON.stringify(hashed(seed.keyId))} expired at ${rfc3339(seed.expires)} (current time is ${rfc3339(now)})`,
      )
    this.#remember(seed.cacheKey, seed.transformer)
    const encryptedData = seed.transformer.toStorage(plain, key)
    metrics.usedKeyId('to_storage', name, seed.keyId, now)
    return encodeEnvelope({ ...seed.source, encryptedData })
  }

  #fromStorage(stored: Uint8Array, key: string): Plain | Promise<Plain> {
    const { clock, metrics, name } = this.options
    const object = decodeEnvelope(stored)
    const { encryptedData = new Uint8Array(0), keyId = '', encryptedDekSourceType: type = 0 } = object
    const current = this.#current()
    const stale = keyId !== current.keyId || type !== current.source.encryptedDekSourceType
    const open = (transformer: Transformer): Plain => {
      metrics.usedKeyId('from_storage', name, keyId, clock.now())
      const { bytes } = transformer.fromStorage(encryptedData, key) as Plain
      return { bytes, stale }
    }
    const known = this.#decrypted.get(cacheKeyOf(object))
    return known ? open(known.transformer) : this.#decrypt(object).then(open)
  }

  /** The plugin is asked for a seed once, however many wait for it. */
  #decrypt(object: EncryptedObject): Promise<Transformer> {
    const cacheKey = cacheKeyOf(object)
    let asked = this.#decrypting.get(cacheKey)
    if (!asked) {
      this.options.metrics.cacheMiss()
      asked = this.#askFor(object)
        .then(transformer => {
          this.#remember(cacheKey, transformer)
          return transformer
        })
        .finally(() => this.#decrypting.delete(cacheKey))
      this.#decrypting.set(cacheKey, asked)
    }
    return asked
  }

  async #askFor(object: EncryptedObject): Promise<Transformer> {
    const { encryptedDekSource: ciphertext, keyId, annotations, encryptedDekSourceType: type } = object
    const { plaintext = new Uint8Array(0) } = await this.options.service
      .decrypt({
        uid: randomUUID(),
        ...(ciphertext ? { ciphertext } : {}),
        ...(keyId ? { keyId } : {}),
        ...(annotations ? { annotations } : {}),
      })
      .catch(error => {
        throw new Error(`failed to decrypt DEK, error: ${error.message}`, { cause: error })
      })
    if (type === dekSource.derivedAesGcmSeed) return derivedAesGcm(plaintext)
    if (![16, 24, 32].includes(plaintext.length)) throw new Error(`crypto/aes: invalid key size ${plaintext.length}`)
    return aesGcm(plaintext)
  }

  #remember(cacheKey: string, transformer: Transformer): void {
    const at = this.options.clock.now()
    if (!this.#decrypted.has(cacheKey))
      for (const [key, known] of this.#decrypted) if (at - known.at > decryptedFor) this.#decrypted.delete(key)
    this.#decrypted.set(cacheKey, { transformer, at })
  }
}

/** Tells seeds apart by their encrypted form. */
function cacheKeyOf({ encryptedDekSource, keyId, annotations = {}, encryptedDekSourceType }: EncryptedObject): string {
  const base64 = (bytes: Uint8Array = new Uint8Array(0)) => Buffer.from(bytes).toString('base64')
  const notes = Object.entries(annotations)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => [name, base64(value)])
  return JSON.stringify([encryptedDekSourceType ?? 0, base64(encryptedDekSource), keyId, notes])
}
