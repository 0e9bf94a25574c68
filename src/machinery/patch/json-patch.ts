import { jsonTypeName } from '../go-format.js'
import { jsonEqual } from '../json-equal.js'
import { badRequest, StatusError } from '../status-error.js'
import { isObject, type JsonObject, setField } from './json-value.js'

/** One operation of RFC 6902. */
export interface JsonPatchOperation {
  readonly op: string
  readonly path?: string
  readonly from?: string
  readonly value?: unknown
}

const mostOperations = 10_000
const mostCopiedBytes = 3 * 1024 * 1024

/**
 * Applies a JSON patch (RFC 6902). Like upstream it lets `replace` add a field, `copy` and `test` read a missing field as
 * null, and list positions count from the end when negative. Shares with `original` what stays as it is. Throws a 400 if
 * the patch is malformed, a 413 if it is too long, and a 422 if an operation fails.
 */
export function applyJsonPatch(original: unknown, patch: unknown): unknown {
  let copied = 0
  let document = original
  for (const operation of readOperations(patch)) {
    if (operation.op === 'copy') {
      const value = read(document, pointer(operation.from, 'from'))
      copied += Buffer.byteLength(JSON.stringify(value) ?? 'null')
      if (copied > mostCopiedBytes) {
        throw refused(
          `Unable to complete the copy, the accumulated size increase of copy is ${copied}, exceeding the limit ${mostCopiedBytes}`,
        )
      }
    }
    document = apply(document, operation)
  }
  return document
}

/** Checks that `patch` is a list of operations. Throws a 400 or 413. */
function readOperations(patch: unknown): readonly JsonPatchOperation[] {
  if (!Array.isArray(patch)) {
    if (patch === null) return []
    throw undecodable(`cannot unmarshal ${jsonTypeName(patch)} into Go value of type []handlers.jsonPatchOp`)
  }
  if (patch.length > mostOperations) {
    throw new StatusError(
      413,
      'RequestEntityTooLarge',
      `Request entity too large: The allowed maximum operations in a JSON patch is ${mostOperations}, got ${patch.length}`,
    )
  }
  for (const operation of patch as readonly unknown[]) {
    if (!isObject(operation)) {
      throw undecodable(`cannot unmarshal ${jsonTypeName(operation)} into Go value of type handlers.jsonPatchOp`)
    }
    for (const field of ['op', 'from', 'path']) {
      const value = operation[field]
      if (value === undefined || value === null || typeof value === 'string') continue
      throw undecodable(
        `cannot unmarshal ${jsonTypeName(value)} into Go struct field jsonPatchOp.${field} of type string`,
      )
    }
  }
  return patch as readonly JsonPatchOperation[]
}

const undecodable = (text: string): StatusError => badRequest(`error decoding patch: json: ${text}`)

// Upstream answers every operation that fails in the same words; the cause is only for the log.
const refused = (cause: string): StatusError =>
  Object.assign(new StatusError(422, 'Invalid', 'the server rejected our request due to an error in our request', {}), {
    cause,
  })

function apply(document: unknown, { op, path, from, value }: JsonPatchOperation): unknown {
  const at = pointer(path, 'path')
  switch (op) {
    case 'add':
      return write(document, at, insertAt(required(value)))
    case 'replace':
      return write(document, at, replaceAt(required(value)))
    case 'remove':
      return write(document, at, removeAt)
    case 'copy':
      return write(document, at, insertAt(read(document, pointer(from, 'from')) ?? null))
    case 'move': {
      const source = pointer(from, 'from')
      const moved = read(document, source) ?? null
      return write(write(document, source, removeAt), at, insertAt(moved))
    }
    case 'test':
      if (jsonEqual(read(document, at) ?? null, value ?? null)) return document
      throw refused(`testing path ${path} failed`)
    default:
      throw refused(`Unexpected kind: ${op}`)
  }
}

function required(value: unknown): unknown {
  if (value === undefined) throw refused('missing value')
  return value
}

/** The steps of a JSON pointer. */
function pointer(text: string | undefined, field: string): readonly string[] {
  if (text === undefined || text === null) throw refused(`missing ${field} field`)
  if (text === '') return []
  if (!text.startsWith('/')) throw refused(`${text} is no JSON pointer`)
  return text
    .slice(1)
    .split('/')
    .map(step => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function position(step: string, length: number, end: number): number {
  if (!/^[+-]?[0-9]{1,9}$/.test(step)) throw refused(`value was not a proper array index: ${step}`)
  const index = Number(step)
  const counted = index < 0 ? index + length : index
  if (counted < 0 || counted >= end) throw refused(`Unable to access invalid index: ${step}`)
  return counted
}

function read(document: unknown, path: readonly string[]): unknown {
  let value = document
  path.forEach((step, depth) => {
    if (Array.isArray(value)) value = value[position(step, value.length, value.length)]
    else if (isObject(value)) value = Object.hasOwn(value, step) ? value[step] : undefined
    else throw refused(`doc is missing path: /${path.slice(0, depth + 1).join('/')}`)
  })
  return value
}

/** What an operation does to the container its path ends in. */
interface Change {
  inList(items: readonly unknown[], step: string): unknown[]
  inObject(object: JsonObject, step: string): JsonObject
  /** The path is empty: the whole document. */
  whole(document: unknown): unknown
}

function write(document: unknown, path: readonly string[], change: Change, depth = 0): unknown {
  const step = path[depth]
  if (step === undefined) return change.whole(document)
  const last = depth === path.length - 1
  if (Array.isArray(document)) {
    if (last) return change.inList(document, step)
    const index = position(step, document.length, document.length)
    return document.with(index, write(document[index], path, change, depth + 1))
  }
  if (isObject(document)) {
    if (last) return change.inObject(document, step)
    if (Object.hasOwn(document, step)) return withField(document, step, write(document[step], path, change, depth + 1))
  }
  throw refused(`doc is missing path: /${path.slice(0, depth + 1).join('/')}`)
}

function withField(object: JsonObject, key: string, value: unknown): JsonObject {
  const copy: Record<string, unknown> = { ...object }
  setField(copy, key, value)
  return copy
}

const insertAt = (value: unknown): Change => ({
  inList: (items, step) =>
    step === '-' ? [...items, value] : items.toSpliced(position(step, items.length + 1, items.length + 1), 0, value),
  inObject: (object, step) => withField(object, step, value),
  whole: () => value,
})

const replaceAt = (value: unknown): Change => ({
  inList: (items, step) => items.with(position(step, items.length, items.length), value),
  inObject: (object, step) => withField(object, step, value),
  whole: () => value,
})

const removeAt: Change = {
  inList: (items, step) => items.toSpliced(position(step, items.length, items.length), 1),
  inObject(object, step) {
    if (!Object.hasOwn(object, step)) throw refused(`Unable to remove nonexistent key: ${step}`)
    const copy: Record<string, unknown> = { ...object }
    delete copy[step]
    return copy
  },
  whole: () => null,
}
