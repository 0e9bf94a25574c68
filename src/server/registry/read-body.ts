import { parse as parseYaml, YAMLParseError } from 'yaml'
import type { ApiRequest } from '../../machinery/http.js'
import { bodyMedia } from '../../machinery/negotiation.js'
import { badRequest } from '../../machinery/status-error.js'
import {
  applyStaticDefaults,
  DecodeError,
  type Draft,
  decodeJson,
  decodeObject,
  findDuplicateFields,
  type GroupVersionKind,
  JsonSyntaxError,
  type Kind,
  type MessageSchema,
  ProtobufError,
  parseJson,
  unwrapEnvelope,
} from '../../schema/index.js'

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

const gvkText = ({ group, version, kind }: GroupVersionKind): string =>
  `${apiVersionOf({ group, version })}, Kind=${kind}`

/** The parsed but not yet decoded body: JSON's value, or protobuf's message. */
type Parsed =
  | { readonly type: 'value'; readonly value: unknown; readonly duplicates: () => readonly string[] }
  | { readonly type: 'protobuf'; readonly bytes: Uint8Array }

/** Reads the body's bytes; empty if there is none. */
export async function readBytes(request: ApiRequest): Promise<Buffer> {
  if (request.body.kind === 'bytes') return request.body.read(maximumBody)
  if (request.body.kind === 'object') return Buffer.from(JSON.stringify(request.body.value))
  return Buffer.alloc(0)
}

/**
 * Reads the body as an object of `kind`: every format, defaults applied, kind and version checked. The draft is fresh.
 * An absent body is an error unless `optional` is set; then the answer is undefined.
 */
export async function readObject<T, I>(
  request: ApiRequest,
  kind: Kind<T, I>,
  context: DecodeContext,
): Promise<Draft<T>> {
  const parsed = await parseBody(request)
  if (!parsed) throw badRequest(`the request body is empty: a ${kind.gvk.kind} is expected`)
  return decodeParsed(parsed, kind, context)
}

/** As `readObject`, for bodies that may be left out (DeleteOptions). */
export async function readOptionalObject<T, I>(
  request: ApiRequest,
  kind: Kind<T, I>,
  context: DecodeContext,
): Promise<Draft<T> | undefined> {
  const parsed = await parseBody(request)
  return parsed && decodeParsed(parsed, kind, context)
}

async function parseBody(request: ApiRequest): Promise<Parsed | undefined> {
  if (request.body.kind === 'none') return undefined
  // The value belongs to the caller; decoding copies it into a draft.
  if (request.body.kind === 'object') return { type: 'value', value: request.body.value, duplicates: () => [] }
  const bytes = await request.body.read(maximumBody)
  if (bytes.length === 0) return undefined
  switch (bodyMedia(request.headers['content-type'])) {
    case 'json': {
      const text = bytes.toString()
      return { type: 'value', value: parseJsonBody(text), duplicates: () => findDuplicateFields(text) }
    }
    case 'yaml':
      return { type: 'value', value: parseYamlBody(bytes.toString()), duplicates: () => [] }
    case 'protobuf':
      return { type: 'protobuf', bytes }
  }
}

export function parseJsonBody(text: string): unknown {
  try {
    return parseJson(text)
  } catch (error) {
    if (error instanceof JsonSyntaxError)
      throw badRequest(`couldn't get version/kind; json parse error: ${error.message}`)
    throw error
  }
}

export function parseYamlBody(text: string): unknown {
  try {
    // Merge keys and aliases are bounded, so that a small text cannot become a large object.
    return parseYaml(text, { maxAliasCount: 100, schema: 'yaml-1.1', merge: true })
  } catch (error) {
    if (error instanceof YAMLParseError || error instanceof ReferenceError)
      throw badRequest(`error converting YAML to JSON: yaml: ${error.message}`)
    throw error
  }
}

function decodeParsed<T, I>(parsed: Parsed, kind: Kind<T, I>, context: DecodeContext): Draft<T> {
  if (parsed.type === 'protobuf') {
    try {
      const envelope = unwrapEnvelope(parsed.bytes)
      checkKind(kind.gvk, envelope.apiVersion, envelope.kind)
      const draft = decodeObject(kind as unknown as MessageSchema<T>, envelope) as Draft<T>
      applyStaticDefaults(kind as unknown as MessageSchema<T>, draft)
      return stamp(draft, kind)
    } catch (error) {
      if (error instanceof ProtobufError) throw badRequest(`the object provided is unrecognized: ${error.message}`)
      throw error
    }
  }
  return decodeValue(parsed.value, kind, context, parsed.duplicates)
}

/** Decodes a JSON value (a body, or what a patch made) into a draft of `kind`. */
export function decodeValue<T, I>(
  value: unknown,
  kind: Kind<T, I>,
  context: DecodeContext,
  duplicates: () => readonly string[] = () => [],
): Draft<T> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw badRequest(
      `couldn't get version/kind; json parse error: json: cannot unmarshal ${Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
    )
  const { apiVersion, kind: name } = value as { apiVersion?: unknown; kind?: unknown }
  checkKind(kind.gvk, apiVersion, name)
  const problems: string[] = []
  try {
    const draft = decodeJson(
      kind as unknown as MessageSchema<T>,
      value,
      context.fieldValidation === 'Ignore' ? {} : { onUnknownField: path => problems.push(`unknown field "${path}"`) },
    )
    if (context.fieldValidation !== 'Ignore') problems.unshift(...duplicates().map(path => `duplicate field "${path}"`))
    if (problems.length > 0) {
      if (context.fieldValidation === 'Strict')
        throw badRequest(
          `${kind.gvk.kind} in version "${kind.gvk.version}" cannot be handled as a ${kind.gvk.kind}: strict decoding error: ${problems.join(', ')}`,
        )
      for (const problem of problems) context.warn(problem)
    }
    applyStaticDefaults(kind as unknown as MessageSchema<T>, draft)
    return stamp(draft, kind)
  } catch (error) {
    if (error instanceof DecodeError)
      throw badRequest(
        `${kind.gvk.kind} in version "${kind.gvk.version}" cannot be handled as a ${kind.gvk.kind}: ${error.message}`,
      )
    throw error
  }
}

function stamp<T>(draft: Draft<T>, { gvk }: { gvk: GroupVersionKind }): Draft<T> {
  const typed = draft as { kind?: string; apiVersion?: string }
  typed.kind = gvk.kind
  typed.apiVersion = apiVersionOf(gvk)
  return draft
}

function checkKind(expected: GroupVersionKind, apiVersion: unknown, kind: unknown): void {
  const version = typeof apiVersion === 'string' ? apiVersion : ''
  const name = typeof kind === 'string' ? kind : ''
  // Go clients leave both out where the path says it all.
  if ((version === '' || version === apiVersionOf(expected)) && (name === '' || name === expected.kind)) return
  const slash = version.indexOf('/')
  const group = slash < 0 ? '' : version.slice(0, slash)
  throw badRequest(
    `the object provided is unrecognized (must be of type ${expected.kind}): the API version in the data (${gvkText({ group, version: version.slice(slash + 1), kind: name || expected.kind })}) does not match the expected API version (${gvkText(expected)})`,
  )
}
