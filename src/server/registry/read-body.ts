import { kinds } from '../../api/catalogue.js'
import { invalidValue } from '../../machinery/field-errors.js'
import { jsonTypeName } from '../../machinery/go-format.js'
import type { ApiRequest } from '../../machinery/http.js'
import { bodyMedia, type Media } from '../../machinery/negotiation.js'
import { badRequest, invalid, type StatusError } from '../../machinery/status-error.js'
import {
  applyStaticDefaults,
  DecodeError,
  type Draft,
  decodeJson,
  decodeObject,
  exactJson,
  type GroupVersionKind,
  type Kind,
  type MessageSchema,
  mayRepeatFields,
  ProtobufError,
  strictFieldErrors,
  unwrapEnvelope,
} from '../../schema/index.js'
import {
  BodySyntaxError,
  duplicateKeysIn,
  duplicateKeysText,
  parseJsonText,
  YamlSyntaxError,
  yamlToJson,
} from './body-text.js'

/** Bytes a request body may have. */
const maximumBody = 3 * 1024 * 1024

/** What to do about fields the schema does not know and fields that stand twice. */
export type FieldValidation = 'Strict' | 'Warn' | 'Ignore'

export interface DecodeContext {
  readonly fieldValidation: FieldValidation
  warn(text: string): void
}

export const apiVersionOf = ({ group, version }: { group: string; version: string }): string =>
  group ? `${group}/${version}` : version

/** A request's body; each `decode` makes a fresh draft of it, so that a lost race can begin again from what was sent. */
export interface Body {
  decode<T, I>(kind: Kind<T, I>, context: DecodeContext): Draft<T>
}

/** Reads the body's bytes; empty if there is none. */
export function readBytes({ body }: Pick<ApiRequest, 'body'>): Promise<Buffer> {
  if (body.kind === 'bytes') return body.read(maximumBody)
  return Promise.resolve(body.kind === 'object' ? Buffer.from(exactJson(body.value)) : Buffer.alloc(0))
}

/** Reads the body in every format there is. Throws a 413 or 415; what is wrong inside shows as it is decoded. */
export function readBody(request: Pick<ApiRequest, 'body' | 'headers'>): Body | Promise<Body> {
  // The value belongs to the caller; decoding copies it into a draft.
  if (request.body.kind === 'object') {
    const { value } = request.body
    return { decode: (kind, context) => decodeValue(value, kind, context) }
  }
  const media = bodyMedia(request.headers['content-type'])
  return readBytes(request).then(bytes => bodyOf(bytes, media))
}

function bodyOf(bytes: Buffer, media: Media): Body {
  if (media === 'protobuf') return { decode: kind => decodeProtobufBody(bytes, kind) }
  let parsed: ParsedText | undefined
  return {
    decode(kind, context) {
      parsed ??= unrecognized(kind, bytes, () => parseText(bytes, media === 'yaml'))
      return decodeText(parsed, bytes, kind, context)
    },
  }
}

/**
 * Reads the body as an object of `kind`: every format, defaults applied, kind and version checked. The draft is fresh.
 */
export function readObject<T, I>(
  request: ApiRequest,
  kind: Kind<T, I>,
  context: DecodeContext,
): Draft<T> | Promise<Draft<T>> {
  const body = readBody(request)
  return body instanceof Promise ? body.then(body => body.decode(kind, context)) : body.decode(kind, context)
}

/** As `readObject`, for bodies that may be left out (DeleteOptions): then the answer is undefined. */
export async function readOptionalObject<T, I>(
  request: ApiRequest,
  kind: Kind<T, I>,
  context: DecodeContext,
): Promise<Draft<T> | undefined> {
  const { body, headers } = request
  if (body.kind === 'none') return undefined
  if (body.kind === 'object') return decodeValue(body.value, kind, context)
  const bytes = await body.read(maximumBody)
  if (bytes.length === 0) return undefined
  return (await readBody({ headers, body: { kind: 'bytes', read: async () => bytes } })).decode(kind, context)
}

interface ParsedText {
  readonly value: unknown
  /** The body as JSON. */
  readonly json: string
  /** What is wrong beside the JSON that the text was converted to. */
  readonly duplicates: readonly string[]
}

function parseText(bytes: Buffer, isYaml: boolean): ParsedText {
  const text = bytes.toString()
  const { json, duplicates } = isYaml ? yamlToJson(text) : { json: text, duplicates: [] }
  return { value: parseJsonText(json), json, duplicates }
}

function decodeText<T, I>(parsed: ParsedText, bytes: Buffer, kind: Kind<T, I>, context: DecodeContext): Draft<T> {
  const { value, json, duplicates } = parsed
  const complaints = (unknown: readonly string[]) => [
    ...(duplicates.length > 0 ? [duplicateKeysText(duplicates)] : []),
    ...(unknown.length > 0 || kind.decoder || mayRepeatFields(json, value)
      ? inOrder(strictFieldErrors(json, kind as unknown as MessageSchema), kind.decoder !== undefined)
      : []),
  ]
  if (value !== null && (typeof value !== 'object' || Array.isArray(value)))
    return unrecognized(kind, bytes, () => {
      throw new BodySyntaxError(noObject(value))
    })
  return decodeAs(value ?? {}, kind, context, { complaints, bytes })
}

/** Of custom resources repeated fields are named first, then unknown metadata, then what the schema lacks by name. */
function inOrder(faults: readonly string[], isCustom: boolean): readonly string[] {
  if (!isCustom || faults.length < 2) return faults
  const placeOf = (fault: string): number =>
    fault.startsWith('duplicate') ? 0 : fault.startsWith('unknown field "metadata.') ? 1 : 2
  return faults.toSorted((a, b) => {
    const [first, second] = [placeOf(a), placeOf(b)]
    return first - second || (first < 2 ? 0 : a < b ? -1 : 1)
  })
}

const notJson = (why: string): string => `couldn't get version/kind; json parse error: ${why}`

const noObject = (value: unknown): string =>
  `json: cannot unmarshal ${jsonTypeName(value)} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`

/** Says of a body that is no object at all what upstream says, its beginning included. */
function unrecognized<T>({ gvk }: { readonly gvk: GroupVersionKind }, bytes: Buffer, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (!(error instanceof BodySyntaxError)) throw error
    const why = error instanceof YamlSyntaxError ? error.message : notJson(error.message)
    if (isPlain(gvk)) throw badRequest(why)
    throw badRequest(
      `the object provided is unrecognized (must be of type ${gvk.kind}): ${why} (${beginningOf(bytes)})`,
    )
  }
}

/** Of deletion options upstream says what is wrong, and no more. */
const isPlain = ({ kind }: Pick<GroupVersionKind, 'kind'>): boolean => kind === 'DeleteOptions'

const shownBytes = 30

function beginningOf(bytes: Buffer): string {
  if (bytes.length === 0) return '<empty>'
  const encoding = bytes[0] === 0x7b ? 'utf8' : 'hex'
  const beginning = bytes.subarray(0, shownBytes).toString(encoding)
  return bytes.length > shownBytes ? `${beginning} ...` : beginning
}

function decodeProtobufBody<T, I>(bytes: Buffer, kind: Kind<T, I>): Draft<T> {
  const schema = kind as unknown as MessageSchema<T>
  const { gvk } = kind
  // Once the envelope is open it is known what the bytes claim to be.
  let isOpen = false
  try {
    const envelope = unwrapEnvelope(bytes)
    checkKind(gvk, envelope.apiVersion, envelope.kind)
    isOpen = true
    const draft = decodeObject(schema, envelope) as Draft<T>
    applyStaticDefaults(schema, draft)
    return stamp(draft, kind)
  } catch (error) {
    if (!(error instanceof ProtobufError)) throw error
    const why = error.message
    if (isPlain(gvk)) throw badRequest(why)
    if (isOpen) throw badRequest(cannotBeHandled(gvk.version, gvk.kind, gvk.kind, why))
    throw badRequest(
      `the object provided is unrecognized (must be of type ${gvk.kind}): ${why} (${beginningOf(bytes)})`,
    )
  }
}

/**
 * Decodes a JSON value (of a direct client, or what a patch made) into a draft of `kind`. Throws a 400, or what `refuse`
 * makes of the fault.
 */
export function decodeValue<T, I>(
  value: unknown,
  kind: Kind<T, I>,
  context: DecodeContext,
  refuse?: (why: string) => StatusError,
): Draft<T> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw (refuse ?? badRequest)(notJson(noObject(value)))
  return decodeAs(value, kind, context, undefined, refuse)
}

/** What a value was read from. */
interface SourceText {
  readonly bytes: Buffer
  /** What strict decoding holds against the text, given the fields that are unknown. */
  complaints(unknown: readonly string[]): readonly string[]
}

/** Without a text, strict decoding holds against the value what fields of it are unknown. */
function decodeAs<T, I>(
  value: object,
  kind: Kind<T, I>,
  { fieldValidation, warn }: DecodeContext,
  source?: SourceText,
  refuse?: (why: string) => StatusError,
): Draft<T> {
  const { apiVersion, kind: name } = value as { apiVersion?: unknown; kind?: unknown }
  if (kind.decoder) checkCustomKind(kind.gvk, value, source?.bytes, refuse)
  else checkKind(kind.gvk, apiVersion, name, refuse, value)
  const { gvk } = kind
  const refused =
    refuse ?? (why => badRequest(isPlain(gvk) ? why : cannotBeHandled(gvk.version, gvk.kind, gvk.kind, why)))
  const schema = kind as unknown as MessageSchema<T>
  try {
    const unknown: string[] = []
    const looks = fieldValidation !== 'Ignore'
    const draft = decodeJson(
      schema,
      value,
      looks ? { onUnknownField: path => unknown.push(`unknown field ${JSON.stringify(path)}`) } : {},
    )
    const problems = looks ? (source?.complaints(unknown) ?? unknown) : []
    if (problems.length > 0 && fieldValidation === 'Strict')
      throw refused(`strict decoding error: ${problems.join(', ')}`)
    for (const problem of problems) for (const one of duplicateKeysIn(problem)) warn(one)
    applyStaticDefaults(schema, draft)
    return stamp(draft, kind)
  } catch (error) {
    if (error instanceof DecodeError) throw refused(error.message)
    throw error
  }
}

function stamp<T>(draft: Draft<T>, { gvk }: { gvk: GroupVersionKind }): Draft<T> {
  const typed = draft as { kind?: string; apiVersion?: string }
  typed.kind = gvk.kind
  typed.apiVersion = apiVersionOf(gvk)
  return draft
}

/** Go clients leave both out where the path says it all. */
function checkKind(
  expected: GroupVersionKind,
  apiVersion: unknown,
  kind: unknown,
  refuse?: (why: string) => StatusError,
  value?: object,
): void {
  const ownVersion = apiVersionOf(expected)
  const version = typeof apiVersion === 'string' && apiVersion !== '' ? apiVersion : ownVersion
  const name = typeof kind === 'string' && kind !== '' ? kind : expected.kind
  // Typed clients name deletion options by the version of what they delete.
  const anyVersion = isPlain(expected)
  if ((version === ownVersion || anyVersion) && name === expected.kind) return
  const why = wrongKind(expected, version, name, value)
  if (refuse) throw refuse(why)
  if (anyVersion) throw badRequest(why)
  if (isOtherVersion(expected, version, name) && !(value && faultAs(version, name, value)))
    throw badRequest(`the API version in the data (${version}) does not match the expected API version (${ownVersion})`)
  throw badRequest(cannotBeHandled(version.slice(version.indexOf('/') + 1), name, expected.kind, why))
}

/**
 * Custom resources say what they are, and that they are another kind is a fault of validation; as is of what a patch
 * made that it is of another version.
 */
function checkCustomKind(
  expected: GroupVersionKind,
  value: object,
  source: Buffer | undefined,
  refuse?: (why: string) => StatusError,
): void {
  const { apiVersion, kind, metadata } = value as { apiVersion?: unknown; kind?: unknown; metadata?: unknown }
  const version = typeof apiVersion === 'string' ? apiVersion : ''
  const ownVersion = apiVersionOf(expected)
  if (typeof kind !== 'string' || kind === '') {
    const bytes = source ?? Buffer.from(exactJson(value))
    const why = `Object 'Kind' is missing in '${bytes}'`
    throw refuse
      ? refuse(why)
      : badRequest(
          `the object provided is unrecognized (must be of type ${expected.kind}): ${why} (${beginningOf(bytes)})`,
        )
  }
  if (version !== ownVersion && !refuse)
    throw badRequest(`the API version in the data (${version}) does not match the expected API version (${ownVersion})`)
  if (kind === expected.kind && version === ownVersion) return
  const { name } = (metadata ?? {}) as { name?: unknown }
  const refused =
    kind === expected.kind
      ? invalidValue('apiVersion', version, `must be ${ownVersion}`)
      : invalidValue('kind', kind, `must be ${expected.kind}`)
  throw invalid({ group: expected.group, kind }, typeof name === 'string' ? name : '', [refused])
}

const cannotBeHandled = (version: string, kind: string, expected: string, why: string): string =>
  `${kind} in version "${version}" cannot be handled as a ${expected}: ${why}`

/** What upstream's scheme says about an object that is of another kind than the one expected. */
function wrongKind(expected: GroupVersionKind, apiVersion: string, kind: string, value?: object): string {
  const unknown = (scheme: string) =>
    `no kind "${kind}" is registered for version "${apiVersion}" in scheme "${scheme}"`
  if (isPlain(expected)) return unknown('pkg/apis/meta/internalversion/scheme/register.go:27')
  const version = apiVersion.slice(apiVersion.indexOf('/') + 1)
  // It is read as what it says it is before that turns out to be wrong.
  const fault = value && faultAs(apiVersion, kind, value)
  if (fault) return fault
  return knownKind(apiVersion, kind) || (kind.endsWith('List') && knownKind(apiVersion, kind.slice(0, -4)))
    ? `converting (${version}.${kind}) to (${packageOf(expected.group)}.${expected.kind}): unknown conversion`
    : unknown('pkg/api/legacyscheme/scheme.go:30')
}

const knownKind = (apiVersion: string, kind: string): Kind | undefined =>
  kinds.find(({ gvk }) => gvk.kind === kind && apiVersionOf(gvk) === apiVersion)

/** Whether this is the same kind in another version, or in its other group (events). */
function isOtherVersion({ group, kind }: GroupVersionKind, apiVersion: string, named: string): boolean {
  const known = named === kind ? knownKind(apiVersion, kind) : undefined
  return known !== undefined && packageOf(known.gvk.group) === packageOf(group)
}

/** What keeps a value from being of the kind it names; undefined if nothing does, or the kind is unknown. */
function faultAs(apiVersion: string, kind: string, value: object): string | undefined {
  const known = knownKind(apiVersion, kind)
  try {
    if (known) decodeJson(known as unknown as MessageSchema, value)
    return undefined
  } catch (error) {
    if (error instanceof DecodeError) return error.message
    throw error
  }
}

/** What upstream's package of a group's internal types is called. */
export const packageOf = (group: string): string =>
  group === '' || group === 'events.k8s.io' ? 'core' : (group.split('.')[0] ?? group)
