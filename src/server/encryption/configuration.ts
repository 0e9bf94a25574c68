import { joinErrors } from '../../machinery/field-errors.js'
import { yamlValue } from '../../machinery/yaml-document.js'
import {
  decodeJson,
  duration,
  type Infer,
  inPackage,
  int32,
  list,
  optional,
  pointer,
  string,
} from '../../schema/index.js'
import { maskedBy, rulesOf } from './resource-rules.js'
import { validateConfiguration } from './validate-configuration.js'

const { message } = inPackage('k8s.io.apiserver.pkg.apis.apiserver.v1', {
  group: 'apiserver.config.k8s.io',
  version: 'v1',
})

const Key = message('Key', { name: optional(1, string), secret: optional(2, string) })
const Keys = message('AESConfiguration', { keys: optional(1, list(Key)) })
const Kms = message('KMSConfiguration', {
  apiVersion: optional(1, string),
  name: optional(2, string),
  cachesize: pointer(3, int32),
  endpoint: optional(4, string),
  timeout: pointer(5, duration),
})
const Provider = message('ProviderConfiguration', {
  aesgcm: pointer(1, Keys),
  aescbc: pointer(2, Keys),
  secretbox: pointer(3, Keys),
  identity: pointer(4, message('IdentityConfiguration', {})),
  kms: pointer(5, Kms),
})
const Resources = message('ResourceConfiguration', {
  resources: optional(1, list(string)),
  providers: optional(2, list(Provider)),
})
const Configuration = message('EncryptionConfiguration', {
  apiVersion: optional(0, string),
  kind: optional(0, string),
  resources: optional(1, list(Resources)),
})

export interface EncryptionKey extends Infer<typeof Key> {}
export interface KmsConfiguration extends Infer<typeof Kms> {}
export interface ProviderConfiguration extends Infer<typeof Provider> {}
export interface ResourceConfiguration extends Infer<typeof Resources> {}
export interface EncryptionConfiguration extends Infer<typeof Configuration> {}

/** A configuration that cannot be used; the message says where and why. */
export class EncryptionConfigError extends Error {
  override readonly name = 'EncryptionConfigError'
}

/**
 * Reads an EncryptionConfiguration from YAML:
 * https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/ With `reload`, it is one that may be replaced while
 * the server runs. Throws `EncryptionConfigError`.
 */
export function readEncryptionConfiguration(text: string, reload: boolean): EncryptionConfiguration {
  const configuration = withDefaults(decode(text))
  const errors = validateConfiguration(configuration, reload)
  if (errors.length > 0) throw new EncryptionConfigError(joinErrors(errors))
  const masked = maskedBy(rulesOf(configuration))
  if (masked) throw new EncryptionConfigError(masked)
  for (const { providers } of configuration.resources ?? [])
    if (providers?.some(({ kms }) => kms?.apiVersion === 'v1'))
      throw new EncryptionConfigError(
        'KMSv1 is deprecated and not served. Use KMSv2 instead: set `apiVersion: v2` in the provider and run a plugin that speaks it',
      )
  return configuration
}

function decode(text: string): EncryptionConfiguration {
  if (text.trim() === '') throw new EncryptionConfigError('it is empty')
  const fault = (error: unknown) => new EncryptionConfigError((error as Error).message)
  let value: unknown
  try {
    value = yamlValue(text)
  } catch (error) {
    throw fault(error)
  }
  const { kind, apiVersion } = (typeof value === 'object' && value !== null ? value : {}) as {
    readonly kind?: unknown
    readonly apiVersion?: unknown
  }
  if (kind !== 'EncryptionConfiguration' || apiVersion !== 'apiserver.config.k8s.io/v1')
    throw new EncryptionConfigError(
      `it is of kind ${String(kind)} in ${String(apiVersion)}, not of kind EncryptionConfiguration in apiserver.config.k8s.io/v1`,
    )
  const unknown: string[] = []
  try {
    value = decodeJson(Configuration, value, { onUnknownField: field => unknown.push(field) })
  } catch (error) {
    throw fault(error)
  }
  if (unknown.length > 0)
    throw new EncryptionConfigError(unknown.map(field => `unknown field ${JSON.stringify(field)}`).join(', '))
  return value as EncryptionConfiguration
}

const defaultTimeout = '3s'
const defaultCacheSize = 1000

const withDefaults = (configuration: EncryptionConfiguration): EncryptionConfiguration => ({
  ...configuration,
  resources: (configuration.resources ?? []).map(entry => ({
    ...entry,
    providers: (entry.providers ?? []).map(provider =>
      provider.kms ? { ...provider, kms: kmsOf(provider.kms) } : provider,
    ),
  })),
})

function kmsOf({ apiVersion = 'v1', timeout = defaultTimeout, ...rest }: KmsConfiguration): KmsConfiguration {
  const cachesize = rest.cachesize ?? (apiVersion === 'v1' ? defaultCacheSize : undefined)
  return { ...rest, apiVersion, timeout, ...(cachesize === undefined ? {} : { cachesize }) }
}
