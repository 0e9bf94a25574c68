import { createHash } from 'node:crypto'
import { hostname } from 'node:os'
import { exponentialBounds, type MetricsRegistry } from '../../machinery/metrics/index.js'
import { hashed } from './kms-envelope.js'
import { KmsError } from './kms-service.js'

/** What is measured of encryption, by upstream's names. */
export class EncryptionMetrics {
  readonly #durations
  readonly #operations
  readonly #cacheMisses
  readonly #calls
  readonly #keyIds
  readonly #keyIdTimes
  readonly #statusTimes
  readonly #invalidKeyIds
  readonly #reloads
  readonly #reloadTimes
  readonly #configInfo
  readonly #server = hashed(serverId())

  constructor(registry: MetricsRegistry) {
    this.#durations = registry.histogram(
      {
        name: 'apiserver_storage_transformation_duration_seconds',
        help: 'Seconds that encrypting or decrypting a value takes.',
        labels: ['transformation_type', 'transformer_prefix'],
      },
      exponentialBounds(5e-6, 2, 25),
    )
    this.#operations = registry.counter({
      name: 'apiserver_storage_transformation_operations_total',
      help: 'Values that were encrypted or decrypted, by what came of it.',
      labels: ['transformation_type', 'transformer_prefix', 'status'],
    })
    this.#cacheMisses = registry
      .counter({
        name: 'apiserver_storage_envelope_transformation_cache_misses_total',
        help: 'Times a data key was not at hand and the key service had to be asked.',
      })
      .with()
    this.#calls = registry.histogram(
      {
        name: 'apiserver_envelope_encryption_kms_operations_latency_seconds',
        help: 'Seconds that calls of the key service take, by the code of the answer.',
        labels: ['provider_name', 'method_name', 'grpc_status_code'],
      },
      exponentialBounds(0.0001, 2, 20),
    )
    const used = ['transformation_type', 'provider_name', 'key_id_hash', 'apiserver_id_hash'] as const
    this.#keyIds = registry.counter({
      name: 'apiserver_envelope_encryption_key_id_hash_total',
      help: 'Times that a key was used, by its hash.',
      labels: used,
    })
    this.#keyIdTimes = registry.gauge({
      name: 'apiserver_envelope_encryption_key_id_hash_last_timestamp_seconds',
      help: 'When a key was last used, in seconds since 1970.',
      labels: used,
    })
    this.#statusTimes = registry.gauge({
      name: 'apiserver_envelope_encryption_key_id_hash_status_last_timestamp_seconds',
      help: 'When the key service last named a key, in seconds since 1970.',
      labels: ['provider_name', 'key_id_hash', 'apiserver_id_hash'],
    })
    this.#invalidKeyIds = registry.counter({
      name: 'apiserver_envelope_encryption_invalid_key_id_from_status_total',
      help: 'Times that the key service named a key that is none.',
      labels: ['provider_name', 'error'],
    })
    this.#reloads = registry.counter({
      name: 'apiserver_encryption_config_controller_automatic_reloads_total',
      help: 'Times that a changed configuration of encryption was taken on, or could not be.',
      labels: ['status', 'apiserver_id_hash'],
    })
    this.#reloadTimes = registry.gauge({
      name: 'apiserver_encryption_config_controller_automatic_reload_last_timestamp_seconds',
      help: 'When a changed configuration of encryption was last tried, in seconds since 1970.',
      labels: ['status', 'apiserver_id_hash'],
    })
    this.#configInfo = registry.gauge({
      name: 'apiserver_encryption_config_controller_last_config_info',
      help: 'Always 1; its label is the hash of the configuration of encryption in use.',
      labels: ['apiserver_id_hash', 'hash'],
    })
  }

  transformation(type: 'from_storage' | 'to_storage', prefix: string, seconds: number, error?: unknown): void {
    this.#operations.with(type, prefix, error === undefined ? 'OK' : codeOf(error)).add(1)
    if (error === undefined) this.#durations.with(type, prefix).observe(seconds)
  }

  cacheMiss(): void {
    this.#cacheMisses.add(1)
  }

  call(provider: string, method: string, code: string, seconds: number): void {
    this.#calls.with(provider, method, code).observe(seconds)
  }

  usedKeyId(type: 'from_storage' | 'to_storage', provider: string, keyId: string, now: number): void {
    const labels = [type, provider, hashed(keyId), this.#server] as const
    this.#keyIds.with(...labels).add(1)
    this.#keyIdTimes.with(...labels).set(now / 1000)
  }

  statusKeyId(provider: string, keyId: string, now: number): void {
    this.#statusTimes.with(provider, hashed(keyId), this.#server).set(now / 1000)
  }

  invalidKeyId(provider: string, error: string): void {
    this.#invalidKeyIds.with(provider, error).add(1)
  }

  reload(status: 'success' | 'failure', now: number): void {
    this.#reloads.with(status, this.#server).add(1)
    this.#reloadTimes.with(status, this.#server).set(now / 1000)
  }

  /** The configuration in force. */
  configuration(text: string): void {
    this.#configInfo.reset()
    this.#configInfo.with(this.#server, hashed(text)).set(1)
  }
}

const codeOf = (error: unknown): string => {
  for (let cause = error; cause instanceof Error; cause = cause.cause) if (cause instanceof KmsError) return cause.code
  return 'unknown-non-grpc'
}

/** The identity of a server on this machine, as upstream makes it of the machine's name. */
function serverId(): string {
  const digest = createHash('sha256').update(hostname()).digest().subarray(0, 16)
  let bits = ''
  for (const byte of digest) bits += byte.toString(2).padStart(8, '0')
  const letters = bits.match(/.{1,5}/g) ?? []
  return `apiserver-${letters.map(five => 'abcdefghijklmnopqrstuvwxyz234567'[Number.parseInt(five.padEnd(5, '0'), 2)]).join('')}`
}
