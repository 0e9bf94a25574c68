import type { Clock } from '../../machinery/clock.js'
import {
  aesCbc,
  aesGcm,
  identity,
  type PrefixedTransformer,
  prefixed,
  secretbox,
  type Transformer,
} from '../../storage/encryption/index.js'
import {
  type EncryptionConfiguration,
  type EncryptionKey,
  type KmsConfiguration,
  type ProviderConfiguration,
  readEncryptionConfiguration,
} from './configuration.js'
import type { EncryptionMetrics } from './encryption-metrics.js'
import { KmsProvider } from './kms-provider.js'
import { kmsService } from './kms-service.js'
import { applying, type GroupResource, ruleKey, rulesOf } from './resource-rules.js'
import { durationMsOf, keyBytes } from './validate-configuration.js'

/** What a configuration amounts to, until it is disposed of. */
export interface LoadedEncryption extends Disposable {
  /** The file it was read from, as it was. */
  readonly text: string
  transformerOf(resource: GroupResource): Transformer | undefined
  readonly plugins: readonly KmsProvider[]
  /** How long requests that use it may still be under way when it is replaced, in milliseconds. */
  readonly graceMs: number
}

export interface LoadOptions {
  /** The configuration may be replaced while the server runs. */
  readonly reload: boolean
  readonly clock: Clock
  readonly metrics: EncryptionMetrics
  readonly onError: (error: unknown) => void
  /** Hears of a plugin that is well after all: what could not be read may be read now. */
  readonly onReady: () => void
}

/** Makes ready what the text of a configuration asks for. Throws `EncryptionConfigError`. */
export async function loadEncryption(text: string, options: LoadOptions): Promise<LoadedEncryption> {
  const configuration = readEncryptionConfiguration(text, options.reload)
  const stopping = new AbortController()
  const plugins = new Map<ProviderConfiguration, KmsProvider>()
  for (const { providers = [] } of configuration.resources ?? [])
    for (const provider of providers) if (provider.kms) plugins.set(provider, kmsProvider(provider.kms, options))
  const transformers = transformersOf(configuration, provider => plugins.get(provider)?.transformer, options.metrics)
  for (const plugin of plugins.values()) await plugin.start(stopping.signal)
  const timeouts = [...plugins.keys()].map(({ kms }) => durationMsOf(kms?.timeout))
  return {
    text,
    transformerOf: resource => applying(transformers, resource),
    plugins: [...plugins.values()],
    graceMs: 2 * timeouts.reduce((sum, ms) => sum + ms, 0),
    [Symbol.dispose]() {
      stopping.abort()
      for (const plugin of plugins.values()) plugin[Symbol.dispose]()
    },
  }
}

function kmsProvider({ name = '', endpoint = '', timeout }: KmsConfiguration, options: LoadOptions): KmsProvider {
  const { clock, metrics, onError, onReady } = options
  const service = kmsService(endpoint, durationMsOf(timeout), (method, code, seconds) =>
    metrics.call(name, method, code, seconds),
  )
  return new KmsProvider({ name, service, clock, metrics, onError, onReady })
}

/** Transformers by the rules' names. Several rules of one name are one, with the providers of all. */
function transformersOf(
  configuration: EncryptionConfiguration,
  kmsOf: (provider: ProviderConfiguration) => Transformer | undefined,
  metrics: EncryptionMetrics,
): ReadonlyMap<string, Transformer> {
  const parts = new Map<string, PrefixedTransformer[]>()
  for (const { providers, ...name } of rulesOf(configuration)) {
    const key = ruleKey(name)
    const made = providers.map(provider => transformerOf(provider, kmsOf(provider), metrics))
    parts.set(key, [...(parts.get(key) ?? []), ...made])
  }
  return new Map(
    [...parts].flatMap(([key, [first, ...others]]) =>
      first ? [[key, prefixed([first, ...others], 'no matching prefix found', observe(metrics))]] : [],
    ),
  )
}

const observe =
  (metrics: EncryptionMetrics) =>
  (...of: Parameters<EncryptionMetrics['transformation']>) =>
    metrics.transformation(...of)

function transformerOf(
  { aesgcm, aescbc, secretbox: box, kms }: ProviderConfiguration,
  plugin: Transformer | undefined,
  metrics: EncryptionMetrics,
): PrefixedTransformer {
  const withKeys = (name: string, keys: readonly EncryptionKey[] = [], make: (key: Uint8Array) => Transformer) => {
    const [first, ...others] = keys.map(({ name: keyName = '', secret = '' }) => ({
      prefix: `${keyName}:`,
      transformer: make(keyBytes(secret) ?? Buffer.alloc(0)),
    }))
    const unmatched = `no matching key was found for the provided ${name === 'secretbox' ? 'Secretbox' : 'AES'} transformer`
    return {
      prefix: `k8s:enc:${name}:v1:`,
      transformer: first ? prefixed([first, ...others], unmatched, observe(metrics)) : identity,
    }
  }
  if (aesgcm) return withKeys('aesgcm', aesgcm.keys, aesGcm)
  if (aescbc) return withKeys('aescbc', aescbc.keys, aesCbc)
  if (box) return withKeys('secretbox', box.keys, secretbox)
  if (kms && plugin) return { prefix: `k8s:enc:kms:v2:${kms.name}:`, transformer: plugin }
  return { prefix: '', transformer: identity }
}
