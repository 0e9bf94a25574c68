import { isUtf8 } from 'node:buffer'
import type { AuthConfig } from './cri/images.js'
import { defaultRegistry, parseImageName } from './image-names.js'

/** Credentials for the images below one registry path, as a pull secret or a node's config file gives them. */
export interface RegistryCredential {
  /** Host, port and path without scheme; each part of the host may be a glob (`*.example.com`). */
  readonly pattern: string
  readonly auth: AuthConfig
}

/** A pull secret that cannot be read; the message says why and shows no secret. */
export class RegistryCredentialsError extends Error {
  override readonly name = 'RegistryCredentialsError'
}

/**
 * Reads a docker config: `{"auths": {...}}` (secrets of type kubernetes.io/dockerconfigjson), or the older form that
 * is the inner map alone (kubernetes.io/dockercfg). Throws `RegistryCredentialsError`.
 */
export function parseDockerConfig(text: string): RegistryCredential[] {
  let config: unknown
  try {
    config = JSON.parse(text)
  } catch {
    throw new RegistryCredentialsError('the docker config is not JSON')
  }
  if (!isRecord(config)) throw new RegistryCredentialsError('the docker config is not an object')
  const auths = 'auths' in config ? (config['auths'] ?? {}) : config
  if (!isRecord(auths)) throw new RegistryCredentialsError('"auths" is not an object')
  return Object.entries(auths).flatMap(([address, entry]) => {
    if (!isRecord(entry)) throw new RegistryCredentialsError(`the entry of "${address}" is not an object`)
    const auth = authOf(address, entry)
    return auth ? [{ pattern: patternOf(address), auth: { ...auth, serverAddress: address } }] : []
  })
}

function authOf(address: string, entry: Readonly<Record<string, unknown>>): AuthConfig | undefined {
  const text = (key: string): string => {
    const value = entry[key] ?? ''
    if (typeof value !== 'string') throw new RegistryCredentialsError(`${key} of "${address}" is not a string`)
    return value
  }
  let [username, password] = [text('username'), text('password')]
  const [auth, identityToken, registryToken] = [text('auth'), text('identitytoken'), text('registrytoken')]
  if (auth !== '') {
    const decoded = Buffer.from(auth, 'base64')
    const pair = decoded.toString('utf8')
    const colon = pair.indexOf(':')
    if (colon < 0 || !isUtf8(decoded)) {
      throw new RegistryCredentialsError(`auth of "${address}" is not base64 of "user:password"`)
    }
    username = pair.slice(0, colon)
    password = pair.slice(colon + 1)
  }
  if (!username && !password && !identityToken && !registryToken) return undefined
  return {
    ...(username && { username }),
    ...(password && { password }),
    ...(identityToken && { identityToken }),
    ...(registryToken && { registryToken }),
  }
}

/** Without scheme, the API's `v1`/`v2` path and closing slashes: docker writes `https://index.docker.io/v1/`. */
const patternOf = (address: string): string =>
  address
    .replace(/^https?:\/\//, '')
    .replace(/^([^/]+)\/v[12](?=\/|$)/, '$1')
    .replace(/\/+$/, '')

/**
 * The credentials to try for an image, best first: the longest path wins, and among equals the order given.
 * As documented for pull secrets: each dot-separated part of the host matches as a glob, ports must be equal, and the
 * image's path must begin with the pattern's.
 * https://kubernetes.io/docs/concepts/containers/images/#config-json
 */
export function credentialsFor(image: string, credentials: readonly RegistryCredential[]): AuthConfig[] {
  const { registry, repository } = parseImageName(image)
  const path = `/${repository}`
  return credentials
    .filter(({ pattern }) => matches(pattern, registry, path))
    .sort((a, b) => b.pattern.length - a.pattern.length)
    .map(({ auth }) => auth)
}

function matches(pattern: string, registry: string, path: string): boolean {
  const slash = pattern.indexOf('/')
  const patternHost = slash < 0 ? pattern : pattern.slice(0, slash)
  return hostMatches(patternHost, registry) && path.startsWith(slash < 0 ? '' : pattern.slice(slash))
}

/** Docker's own registry goes by several hosts. */
const dockerHosts: ReadonlySet<string> = new Set([defaultRegistry, `index.${defaultRegistry}`])

function hostMatches(pattern: string, registry: string): boolean {
  if (registry === defaultRegistry && dockerHosts.has(pattern)) return true
  const [patternName, patternPort] = splitPort(pattern)
  const [name, port] = splitPort(registry)
  if (patternPort !== port) return false
  const patternParts = patternName.split('.')
  const parts = name.split('.')
  return (
    patternParts.length === parts.length && patternParts.every((part, index) => globMatches(part, parts[index] ?? ''))
  )
}

function splitPort(host: string): readonly [string, string] {
  const match = /^(.*?)(?::([0-9]+))?$/.exec(host)
  return [match?.[1] ?? host, match?.[2] ?? '']
}

/** `*`, `?` and `[...]` within one part of a host name; never slower than pattern times text, whatever a secret holds. */
function globMatches(glob: string, text: string): boolean {
  const tokens = glob.match(/\[\^?[^\]]+\]|./gs) ?? []
  let [token, at, star, starAt] = [0, 0, -1, 0]
  while (at < text.length) {
    const wanted = tokens[token]
    if (wanted === '*') {
      star = token++
      starAt = at
    } else if (wanted !== undefined && tokenMatches(wanted, text.charAt(at))) {
      token++
      at++
    } else if (star >= 0) {
      token = star + 1
      at = ++starAt
    } else return false
  }
  return tokens.slice(token).every(rest => rest === '*')
}

function tokenMatches(token: string, char: string): boolean {
  if (token === '?' || token === char) return true
  if (token.length === 1) return false
  const negated = token.startsWith('[^')
  const ranges = token.slice(negated ? 2 : 1, -1).matchAll(/(.)-(.)|(.)/gs)
  const within = [...ranges].some(([, low, high, single]) =>
    low !== undefined && high !== undefined ? low <= char && char <= high : single === char,
  )
  return within !== negated
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
