import { goQuote } from '../machinery/go-format.js'
import type { Resource } from '../machinery/resource.js'
import { parseBool } from './feature-gates.js'

/**
 * Which versions of the API are served, and which of their resources, as `--runtime-config` says it: by `group/version`
 * (`/v1` is the core group's), `group/version/resource`, or `api/all`, `api/ga`, `api/beta` and `api/alpha`.
 */
export interface RuntimeConfig {
  readonly [key: string]: boolean
}

const stages: { readonly [key: string]: RegExp } = {
  'api/all': /^/,
  'api/ga': /^v\d+$/,
  'api/beta': /^v\d+beta\d+$/,
  'api/alpha': /^v\d+alpha\d+$/,
}

/** Reads the value of a flag: `a/v1=true,b/v1=false`. Nothing behind a key is `true`. Throws an `Error` in upstream's words. */
export function parseRuntimeConfig(text: string): RuntimeConfig {
  const config: Record<string, boolean> = {}
  for (const part of text.split(',').filter(Boolean)) {
    const equals = part.indexOf('=')
    const key = (equals < 0 ? part : part.slice(0, equals)).trim()
    const value = equals < 0 ? '' : part.slice(equals + 1).trim()
    if (Object.hasOwn(stages, key)) {
      if (value !== 'true' && value !== 'false') throw new Error(`invalid value ${key}=${value}`)
      config[key] = value === 'true'
      continue
    }
    partsOf(key)
    const said = value === '' ? true : parseBool(value)
    if (said === undefined)
      throw new Error(
        `invalid value of ${key}: ${value}, err: strconv.ParseBool: parsing ${goQuote(value)}: invalid syntax`,
      )
    config[key] = said
  }
  return config
}

/** Throws an `Error` for a key that names neither a version nor a resource. */
function partsOf(key: string) {
  const [group = '', version = '', plural, ...more] = key.split('/')
  if (!key.includes('/') || version === '' || more.length > 0) throw new Error(`runtime-config invalid key ${key}`)
  return { group, version, plural, versionName: `${group}/${version}` }
}

const versionNameOf = ({ kind: { gvk } }: Resource): string => `${gvk.group}/${gvk.version}`

/**
 * The resources that are served: those of stable versions, unless `config` says otherwise. What it says of one resource
 * comes before what it says of its version, and that before what it says of many. Throws an `Error` in upstream's words for
 * what there is not.
 */
export function servedResources(resources: readonly Resource[], config: RuntimeConfig = {}): readonly Resource[] {
  const keys = Object.keys(config)
  if (keys.length === 1 && config['api/all'] === false) throw new Error('invalid key with only api/all=false')
  check(
    resources,
    keys.filter(key => !Object.hasOwn(stages, key)),
  )
  return resources.filter(resource => {
    const name = versionNameOf(resource)
    const { gvk, plural } = resource.kind
    let served = stages['api/ga']?.test(gvk.version) === true
    // The later ones are about fewer.
    for (const [key, versions] of Object.entries(stages)) if (versions.test(gvk.version)) served = config[key] ?? served
    return config[`${name}/${plural}`] ?? config[name] ?? served
  })
}

/** Throws as `servedResources` does for what is no part of what comes with the server. */
export async function checkRuntimeConfig(config: RuntimeConfig): Promise<void> {
  // The whole catalogue, for those who ask for something.
  if (Object.keys(config).length > 0) servedResources((await import('../api/resources.js')).resources, config)
}

function check(resources: readonly Resource[], keys: readonly string[]): void {
  const groups = new Set(resources.map(({ kind }) => kind.gvk.group))
  const versions = new Set(resources.map(versionNameOf))
  const named = keys.map(key => ({ key, ...partsOf(key) }))
  const unknown = named.filter(({ group }) => !groups.has(group)).map(({ group }) => group)
  if (unknown.length > 0) throw new Error(`unknown api groups ${unknown.join(',')}`)
  for (const { key, group, version, versionName, plural } of named) {
    if (!versions.has(versionName))
      throw new Error(`group version ${group ? versionName : version} that has not been registered`)
    if (plural === undefined) continue
    if (plural !== plural.toLowerCase())
      throw new Error(
        `invalid key ${key}: group/version/resource and resource is always lowercase plural, not ${goQuote(plural)}`,
      )
    // Upstream starts all the same, without what was asked for.
    if (!resources.some(resource => versionNameOf(resource) === versionName && resource.kind.plural === plural))
      throw new Error(`invalid key ${key}: ${group ? versionName : version} has no such resource`)
  }
}
