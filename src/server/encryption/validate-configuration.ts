import { invalidValue, omitted, required } from '../../machinery/field-errors.js'
import { type FieldPath, root } from '../../machinery/path.js'
import type { FieldError } from '../../machinery/status-error.js'
import { parseDuration } from '../../schema/index.js'
import type {
  EncryptionConfiguration,
  EncryptionKey,
  KmsConfiguration,
  ProviderConfiguration,
} from './configuration.js'
import { groupResourceOf } from './resource-rules.js'

const aesKeySizes = [16, 24, 32]
const secretboxKeySizes = [32]
const notServed = ['apiserveripinfo', 'serviceipallocations', 'servicenodeportallocations']

/** What is wrong with a configuration, in upstream's words. */
export function validateConfiguration({ resources }: EncryptionConfiguration, reload: boolean): FieldError[] {
  const at = root.child('resources')
  if (!resources?.length) return [atLeastOne(at, String(at))]
  const kmsNames = new Set<string>()
  return resources.flatMap(({ resources: names = [], providers = [] }, i) => {
    const namesAt = at.index(i).child('resources')
    const providersAt = at.index(i).child('providers')
    return [
      ...(names.length === 0 ? [atLeastOne(namesAt, String(namesAt))] : []),
      ...overlaps(names, namesAt),
      ...names.flatMap((name, j) => nameErrors(name, namesAt.index(j))),
      ...(providers.length === 0 ? [atLeastOne(providersAt, String(providersAt))] : []),
      ...providers.flatMap((provider, j) => providerErrors(provider, providersAt.index(j), kmsNames, reload)),
    ]
  })
}

const atLeastOne = (at: FieldPath, what: string): FieldError => required(at, `at least one ${what} is required`)

function overlaps(names: readonly string[], at: FieldPath): FieldError[] {
  const rules = names.map(groupResourceOf)
  const pairs = rules.flatMap((one, i) => rules.flatMap((other, j) => (i === j ? [] : [[one, other] as const])))
  const same = ([one, other]: (typeof pairs)[number]) => one.group === other.group && one.plural === other.plural
  const overlapping = (pair: (typeof pairs)[number]) => {
    const [one, other] = pair
    if (one.group === '*' && one.plural === '*') return true
    return one.group === other.group && (one.plural === '*' || other.plural === '*')
  }
  // The first pair of equal names is told of as such, and not as one that overlaps.
  const firstSame = pairs.findIndex(same)
  return [
    ...(firstSame >= 0 ? [invalidValue(at, names, 'the same resource cannot be specified multiple times')] : []),
    ...(pairs.some((pair, i) => i !== firstSame && overlapping(pair))
      ? [
          invalidValue(
            at,
            names,
            "using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked",
          ),
        ]
      : []),
  ]
}

function nameErrors(name: string, at: FieldPath): FieldError[] {
  const { group, plural } = groupResourceOf(name)
  const wrong = (why: string) => [invalidValue(at, name, why)]
  if (name.toLowerCase() !== name) return wrong('resource name should not contain capital letters')
  if (name === '*')
    return wrong("use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources")
  if (notServed.includes(name)) return wrong('resources which do not have REST API/s cannot be encrypted')
  if (group === 'events.k8s.io')
    return wrong(
      "'*.events.k8s.io' objects are stored using the 'events' API group in etcd. Use 'events' instead in the config file",
    )
  if (group === 'extensions') return wrong("'extensions' group has been removed and cannot be used for encryption")
  if (group === '*' && plural !== '*') return wrong('encrypting the same resource across groups is not supported')
  return []
}

function providerErrors(
  provider: ProviderConfiguration,
  at: FieldPath,
  kmsNames: Set<string>,
  reload: boolean,
): FieldError[] {
  const { aesgcm, aescbc, secretbox, identity, kms } = provider
  const given = [aesgcm, aescbc, secretbox, identity, kms].filter(one => one !== undefined).length
  // The provider itself is not shown: it may hold keys.
  const own =
    given === 0
      ? 'provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity'
      : given > 1
        ? 'more than one provider specified in a single element, should split into different list elements'
        : undefined
  const errors = own ? [invalidValue(at, omitted, own)] : []
  if (kms) {
    errors.push(...kmsErrors(kms, at.child('kms'), kmsNames, reload))
    kmsNames.add(kms.name ?? '')
  } else if (aesgcm) errors.push(...keysErrors(aesgcm.keys, at.child('aesgcm', 'keys'), aesKeySizes))
  else if (aescbc) errors.push(...keysErrors(aescbc.keys, at.child('aescbc', 'keys'), aesKeySizes))
  else if (secretbox) errors.push(...keysErrors(secretbox.keys, at.child('secretbox', 'keys'), secretboxKeySizes))
  return errors
}

function keysErrors(keys: readonly EncryptionKey[] | undefined, at: FieldPath, sizes: readonly number[]): FieldError[] {
  if (!keys?.length) return [atLeastOne(at, 'keys')]
  return keys.flatMap(({ name, secret }, i) => {
    const here = at.index(i)
    const errors = name ? [] : [required(here.child('name'), 'name is a mandatory field for a key')]
    const wrong = (why: string) => [...errors, invalidValue(here.child('secret'), 'REDACTED', why)]
    if (!secret) return [...errors, required(here.child('secret'), 'secret is a mandatory field for a key')]
    const key = keyBytes(secret)
    if (!key) return wrong('secrets must be base64 encoded')
    if (!sizes.includes(key.length))
      return wrong(`secret is not of the expected length, got ${key.length}, expected one of [${sizes.join(' ')}]`)
    return errors
  })
}

/** A key as the configuration writes it; undefined if it is no base64. */
export function keyBytes(secret: string): Buffer | undefined {
  const text = secret.replace(/[\r\n]/g, '')
  return /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)
    ? Buffer.from(text, 'base64')
    : undefined
}

/** A duration of the configuration, in milliseconds. */
export const durationMsOf = (text = '0s'): number => Number(parseDuration(text)) / 1e6

function kmsErrors(kms: KmsConfiguration, at: FieldPath, names: ReadonlySet<string>, reload: boolean): FieldError[] {
  const { name = '', apiVersion = '', timeout = '', endpoint = '', cachesize } = kms
  const errors: FieldError[] = []
  const wrong = (field: string, value: unknown, why: string) => errors.push(invalidValue(at.child(field), value, why))
  if (name === '') errors.push(required(at.child('name'), 'name is a mandatory field for a provider'))
  if (apiVersion !== 'v1' && name.includes(':'))
    wrong('name', name, `invalid KMS provider name ${name}, must not contain ':'`)
  if ((reload || apiVersion !== 'v1') && names.has(name))
    wrong('name', name, `duplicate KMS provider name ${name}, names must be unique`)
  if (durationMsOf(timeout) <= 0) wrong('timeout', timeout, 'timeout should be a positive value')
  errors.push(...endpointErrors(endpoint, at.child('endpoint')))
  if (apiVersion !== 'v1' && cachesize !== undefined) wrong('cachesize', cachesize, 'cachesize is not supported in v2')
  if (apiVersion === 'v1' && cachesize === 0)
    wrong('cachesize', cachesize, 'cachesize should be a positive value, or negative to disable')
  if (apiVersion !== 'v1' && apiVersion !== 'v2')
    wrong('apiVersion', apiVersion, 'unsupported apiVersion apiVersion for KMS provider, only v1 and v2 are supported')
  return errors
}

function endpointErrors(endpoint: string, at: FieldPath): FieldError[] {
  if (endpoint === '') return [invalidValue(at, '', 'endpoint is a mandatory field for a kms')]
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(endpoint)?.[1] ?? ''
  if (scheme === '' && /^:|^[^/]*%(?![0-9a-f]{2})/i.test(endpoint))
    return [
      invalidValue(
        at,
        endpoint,
        `invalid endpoint for kms provider, error: parse ${JSON.stringify(endpoint)}: missing protocol scheme`,
      ),
    ]
  return scheme.toLowerCase() === 'unix'
    ? []
    : [
        invalidValue(
          at,
          endpoint,
          `unsupported scheme ${JSON.stringify(scheme)} for KMS provider, only unix is supported`,
        ),
      ]
}
