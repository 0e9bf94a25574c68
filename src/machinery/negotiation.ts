import { StatusError } from './status-error.js'

/** The encodings of the API. */
export type Media = 'json' | 'yaml' | 'protobuf'

export const mediaTypes: { readonly [media in Media]: string } = {
  json: 'application/json',
  yaml: 'application/yaml',
  protobuf: 'application/vnd.kubernetes.protobuf',
}

/** The encodings in the order messages list them. */
export const everyMedia: readonly Media[] = ['json', 'yaml', 'protobuf']

/** One alternative of an Accept header, or a Content-Type. Names are in lower case, values as they are. */
export interface MediaRange {
  readonly type: string
  readonly subtype: string
  /** 0 to 1. */
  readonly quality: number
  readonly parameters: { readonly [name: string]: string }
}

/** What the answer is turned into: `as`, `v` and `g` of the Accept header. */
export interface Conversion {
  readonly group: string
  readonly version: string
  readonly kind: string
}

export interface Negotiated {
  readonly media: Media
  /** Undefined: the object as it is. */
  readonly as?: Conversion
  /** The client asks for the framing of a watch. */
  readonly stream: boolean
  /** `pretty=1` in the Accept header. */
  readonly pretty: boolean
  /** `profile` of discovery documents (`nopeer`). */
  readonly profile?: string
  readonly contentType: string
}

export interface Offer {
  readonly media?: readonly Media[]
  /** Whether the answer can be a stream of watch events. */
  readonly stream?: boolean
  /** The answer is nothing but such a stream: YAML has no form for that. */
  readonly watch?: boolean
  /** Whether the answer can be converted to this, e.g. `isTable`. */
  readonly converts?: (to: Conversion, media: Media) => boolean
  /** Custom resources have no protobuf, but for what they are converted to; no router stands before them. */
  readonly custom?: boolean
}

/** Reads a media type with parameters; undefined if it is none. */
function parseMediaType(text: string): MediaRange | undefined {
  const [full = '', ...rest] = splitQuoted(text, ';')
  const [type = '', subtype = '', ...more] = full.trim().toLowerCase().split('/')
  if (!type || !subtype || more.length) return undefined
  const parameters: Record<string, string> = {}
  let quality = 1
  for (const part of rest) {
    const equals = part.indexOf('=')
    const name = (equals < 0 ? part : part.slice(0, equals)).trim().toLowerCase()
    if (!name) continue
    const value = equals < 0 ? '' : unquote(part.slice(equals + 1).trim())
    if (name === 'q') quality = clampQuality(Number(value))
    else parameters[name] = value
  }
  return { type, subtype, quality, parameters }
}

const clampQuality = (value: number): number => (value >= 0 && value <= 1 ? value : 1)

const unquote = (text: string): string =>
  text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1).replace(/\\(.)/g, '$1') : text

function splitQuoted(text: string, separator: string): string[] {
  if (!text.includes('"')) return text.split(separator)
  const parts: string[] = []
  let start = 0
  let quoted = false
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (char === '"') quoted = !quoted
    else if (quoted && char === '\\') at++
    else if (!quoted && char === separator) {
      parts.push(text.slice(start, at))
      start = at + 1
    }
  }
  parts.push(text.slice(start))
  return parts
}

const specificity = ({ type, subtype }: MediaRange): number => (type === '*' ? 0 : subtype === '*' ? 1 : 2)

/** The alternatives of an Accept header, best first: by quality, then the more specific, then as written. */
export function parseAccept(header: string): MediaRange[] {
  const ranges: MediaRange[] = []
  for (const part of splitQuoted(header, ',')) {
    const text = part.trim()
    // What some old clients send for anything.
    const range = parseMediaType(text === '*' ? '*/*' : text)
    if (range && range.quality > 0) ranges.push(range)
  }
  return ranges.sort((a, b) => b.quality - a.quality || specificity(b) - specificity(a))
}

/** `Table` of meta.k8s.io, as text encodings can carry it. */
export const isTable = ({ group, version, kind }: Conversion, media: Media): boolean =>
  isMeta(group, version) && kind === 'Table' && media !== 'protobuf'

/** `PartialObjectMetadata`, or the list of it, of meta.k8s.io. */
export const isPartialMetadata = ({ group, version, kind }: Conversion): boolean =>
  isMeta(group, version) && (kind === 'PartialObjectMetadata' || kind === 'PartialObjectMetadataList')

const isMeta = (group: string, version: string): boolean =>
  group === 'meta.k8s.io' && (version === 'v1' || version === 'v1beta1')

// Nearly all requests of a client carry the same few headers.
const parsedAccepts = new Map<string, readonly MediaRange[]>()
const rememberedAccepts = 256

function acceptOf(header: string): readonly MediaRange[] {
  let ranges = parsedAccepts.get(header)
  if (!ranges) {
    if (parsedAccepts.size >= rememberedAccepts) parsedAccepts.clear()
    ranges = parseAccept(header)
    if (header.length <= 1024) parsedAccepts.set(header, ranges)
  }
  return ranges
}

/**
 * Chooses the form of an answer by the Accept header; absent or empty means the first form offered. Throws a 406 with
 * upstream's message: one for media types that are not offered, another for parameters that cannot be met.
 */
export function negotiate(accept: string | undefined, offer: Offer = {}): Negotiated {
  const offered = offer.media ?? everyMedia
  const [first] = offered
  const ranges = accept ? acceptOf(accept) : []
  if (!accept && first) return form(first, {}, undefined)
  let known = offer.custom ?? false
  for (const range of ranges) {
    for (const media of offered) {
      if (!covers(range, mediaTypes[media])) continue
      known = true
      const conversion = conversionOf(range.parameters)
      if (conversion ? !offer.converts?.(conversion, media) : offer.custom && media === 'protobuf') continue
      const { stream } = range.parameters
      if (offer.watch && media === 'yaml') throw unacceptableForm(offered, true)
      if (stream && (stream !== 'watch' || !offer.stream || media === 'yaml')) continue
      return form(media, range.parameters, conversion)
    }
  }
  throw known ? unacceptableForm(offered, offer.watch) : notAcceptable(representations(offered, offer.stream ?? false))
}

function form(media: Media, parameters: MediaRange['parameters'], as: Conversion | undefined): Negotiated {
  const { profile, pretty, stream } = parameters
  return {
    media,
    ...(as ? { as } : {}),
    stream: stream === 'watch',
    pretty: pretty === '1',
    ...(profile ? { profile } : {}),
    contentType: mediaTypes[media],
  }
}

/** Whether a range of an Accept header covers a media type. */
export const covers = ({ type, subtype }: MediaRange, mediaType: string): boolean =>
  mediaType === `${type}/${subtype}` || (subtype === '*' && (type === '*' || mediaType.startsWith(`${type}/`)))

function conversionOf(parameters: MediaRange['parameters']): Conversion | undefined {
  const { as, g, v } = parameters
  return as === undefined && g === undefined && v === undefined
    ? undefined
    : { group: g ?? '', version: v ?? '', kind: as ?? '' }
}

const representations = (media: readonly Media[], stream: boolean): string[] => [
  ...media.map(one => mediaTypes[one]),
  ...(stream ? streamTypes(media) : []),
]

const streamTypes = (media: readonly Media[]): string[] =>
  media.filter(one => one !== 'yaml').map(one => `${mediaTypes[one]};stream=watch`)

/** 406 of the router: no media type of the request is served here. */
const notAcceptable = (available: readonly string[]): StatusError =>
  new StatusError(406, 'NotAcceptable', `406: Not Acceptable\n\nAvailable representations: ${available.join(', ')}`, {})

/** 406 of a resource: the media type is served, but not in the form its parameters ask for. */
export function unacceptableForm(
  media: readonly Media[] = everyMedia,
  watch = false,
  more: readonly string[] = [],
): StatusError {
  const accepted = [...(watch ? streamTypes(media) : media.map(one => mediaTypes[one])), ...more]
  return new StatusError(406, 'NotAcceptable', `only the following media types are accepted: ${accepted.join(', ')}`)
}

/** 415 of a body: `accepted` lists the media types that are read here. */
const unsupportedMediaType = (accepted: readonly string[]): StatusError =>
  new StatusError(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  )

/** 415 of the router: no operation of this path reads such a body. */
const unsupportedPatchType = (): StatusError =>
  new StatusError(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {})

/** The encoding of a request's body by its Content-Type; JSON if there is none. Throws a 415. */
export function bodyMedia(contentType: string | undefined, media: readonly Media[] = everyMedia): Media {
  if (!contentType) return 'json'
  // The one nearly every client sends.
  if (contentType === 'application/json') return 'json'
  const parsed = parseMediaType(contentType)
  const found = parsed && media.find(one => mediaTypes[one] === `${parsed.type}/${parsed.subtype}`)
  if (!found) throw unsupportedMediaType(media.map(one => mediaTypes[one]))
  return found
}

/** The kinds of PATCH. */
export type PatchType = 'json' | 'merge' | 'strategic' | 'apply'

const patchTypes: { readonly [mediaType: string]: PatchType } = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
}

/**
 * The kind of a PATCH by its Content-Type. Throws a 415: for kinds unknown to the API the router's; of custom resources,
 * which know no strategic merge and have no router before them, the one that lists `accepted`.
 */
export function patchTypeOf(
  contentType: string | undefined,
  accepted: readonly PatchType[] = ['json', 'merge', 'strategic', 'apply'],
): PatchType {
  const parsed = contentType ? parseMediaType(contentType) : undefined
  const mediaType = parsed ? `${parsed.type}/${parsed.subtype}` : ''
  const found = Object.hasOwn(patchTypes, mediaType) ? patchTypes[mediaType] : undefined
  if (!found && accepted.includes('strategic')) throw unsupportedPatchType()
  if (!found || !accepted.includes(found)) {
    const listed = Object.entries(patchTypes).filter(([, type]) => accepted.includes(type))
    throw unsupportedMediaType(listed.map(([name]) => name))
  }
  return found
}
