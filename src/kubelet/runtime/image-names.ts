/** A text that names no image. The message completes "couldn't parse image name: ...". */
export class ImageNameError extends Error {
  override readonly name = 'ImageNameError'
}

/** An image name taken apart; `tag` and `digest` are absent where the name gives none. */
export interface ImageName {
  /** Host, with port where given; `docker.io` for names without one. */
  readonly registry: string
  /** Path within the registry, e.g. `library/nginx`. */
  readonly repository: string
  readonly tag?: string
  /** `sha256:...` */
  readonly digest?: string
}

export const defaultRegistry = 'docker.io'
const officialNamespace = 'library'
const maxNameLength = 255

const component = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/
const host =
  /^(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*(?::[0-9]+)?$/
const ipv6Host = /^\[[0-9a-fA-F:]+\](?::[0-9]+)?$/
const tagPattern = /^[\w][\w.-]{0,127}$/
const digestPattern = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/
const digestLengths: Readonly<Record<string, number>> = { sha256: 64, sha384: 96, sha512: 128 }

/** Takes an image name apart as container tools do. Throws `ImageNameError`. */
export function parseImageName(name: string): ImageName {
  if (name === '') throw new ImageNameError('invalid reference format: the name is empty')
  if (/^[0-9a-f]{64}$/.test(name)) {
    throw new ImageNameError(`invalid repository name (${name}), cannot specify 64-byte hexadecimal strings`)
  }
  const at = name.indexOf('@')
  const digest = at < 0 ? undefined : checkedDigest(name.slice(at + 1))
  const tagged = at < 0 ? name : name.slice(0, at)
  const colon = tagged.lastIndexOf(':')
  const hasTag = colon > tagged.lastIndexOf('/')
  const tag = hasTag ? tagged.slice(colon + 1) : undefined
  if (tag !== undefined && !tagPattern.test(tag)) throw new ImageNameError(`invalid reference format: tag "${tag}"`)
  return { ...splitRegistry(hasTag ? tagged.slice(0, colon) : tagged), ...(tag && { tag }), ...(digest && { digest }) }
}

/** The first part is a host if it could not be a folder: it has a dot, a colon or an upper case letter, or is localhost. */
function splitRegistry(path: string): { registry: string; repository: string } {
  const slash = path.indexOf('/')
  const first = path.slice(0, Math.max(slash, 0))
  const isHost = slash > 0 && (/[.:[]/.test(first) || first === 'localhost' || first !== first.toLowerCase())
  const registry = isHost ? (first === 'index.docker.io' ? defaultRegistry : first) : defaultRegistry
  const rest = isHost ? path.slice(slash + 1) : path
  if (isHost && !host.test(first) && !ipv6Host.test(first)) {
    throw new ImageNameError(`invalid reference format: registry "${first}"`)
  }
  if (rest !== rest.toLowerCase()) {
    throw new ImageNameError(`invalid reference format: repository name (${rest}) must be lowercase`)
  }
  if (!rest.split('/').every(part => component.test(part))) {
    throw new ImageNameError(`invalid reference format: repository "${rest}"`)
  }
  const repository = registry === defaultRegistry && !rest.includes('/') ? `${officialNamespace}/${rest}` : rest
  if (`${registry}/${repository}`.length > maxNameLength) {
    throw new ImageNameError(`repository name must not be more than ${maxNameLength} characters`)
  }
  return { registry, repository }
}

function checkedDigest(text: string): string {
  if (!digestPattern.test(text)) throw new ImageNameError(`invalid reference format: digest "${text}"`)
  const [algorithm = '', hex = ''] = text.split(':')
  const length = digestLengths[algorithm]
  if (!length) throw new ImageNameError(`unsupported digest algorithm "${algorithm}"`)
  if (hex.length !== length) throw new ImageNameError(`invalid checksum digest length of "${text}"`)
  return text
}

/** The full name the runtime keeps: registry and tag filled in (`web` becomes `docker.io/library/web:latest`). */
export const normalizeImageName = (name: string): string => formatImageName(withDefaultTag(parseImageName(name)))

/** `latest` where neither tag nor digest is given. */
const withDefaultTag = (name: ImageName): ImageName => (name.tag || name.digest ? name : { ...name, tag: 'latest' })

/** Joins what `parseImageName` took apart. */
const formatImageName = ({ registry, repository, tag, digest }: ImageName): string =>
  `${registry}/${repository}${tag ? `:${tag}` : ''}${digest ? `@${digest}` : ''}`

/** Whether `Always` is the default pull policy of this name: it is `latest`, given or assumed. */
export function isLatest(name: string): boolean {
  const { tag, digest } = parseImageName(name)
  return !digest && (tag ?? 'latest') === 'latest'
}
