import { exactJson, parseExactJson } from '../../schema/exact-json.js'
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
  const own = copiesOnce()
  const budget = { copied: 0 }
  let document = original
  for (const operation of readOperations(patch)) {
    try {
      document = apply(document, operation, own, budget)
    } catch (error) {
      throw error instanceof PatchRefused ? refused(whyOf(operation, error.message), error.isTest) : error
    }
  }
  return document
}

/** An operation that fails: why, as far as the document tells. */
class PatchRefused extends Error {
  constructor(
    message: string,
    readonly isTest = false,
  ) {
    super(message)
  }
}

/** Whether it is a test of a patch that has failed. */
export const isFailedTest = (error: unknown): boolean => failedTests.has(error as object)

/** What upstream's library for patches says of an operation that fails; undefined if that is none of such an error. */
export const patchFault = (error: unknown): string | undefined =>
  error instanceof StatusError && typeof error.cause === 'string' ? error.cause : undefined

const failedTests = new WeakSet<object>()

// Upstream answers every operation that fails in the same words; the cause is only for the log, and for policies.
function refused(cause: string, isTest: boolean): StatusError {
  const error = new StatusError(422, 'Invalid', 'the server rejected our request due to an error in our request', {})
  if (isTest) failedTests.add(error)
  return Object.assign(error, { cause })
}

function whyOf({ op, path, from }: JsonPatchOperation, why: string): string {
  if (why.startsWith('testing ')) return `${why}: testing value failed`
  if (why.startsWith('doc is missing path')) {
    if (op === 'test') return `test operation does not apply: is missing path: ${path}: missing value`
    if (op === 'copy' || op === 'move')
      return `${op} operation does not apply: doc is missing from path: ${from}: missing value`
    return `${op} operation does not apply: doc is missing path: ${op === 'replace' ? path : `"${path}"`}: missing value`
  }
  const at = op === 'copy' || op === 'move' ? from : path
  if (why.startsWith('Unable to remove')) return `error in ${op} for path: '${at}': ${why}: missing value`
  if (why.startsWith('Unable to access')) return `error in ${op} for path: '${at}': ${why}: invalid index referenced`
  return why
}

/** A list or object that may be changed: a copy of what it is given, unless that is such a copy already. */
interface Own {
  (container: readonly unknown[]): unknown[]
  (container: JsonObject): Fields
}

type Fields = Record<string, unknown>

/** However many operations there are, each container is copied once. */
function copiesOnce(): Own {
  const copies = new WeakSet<object>()
  return ((container: readonly unknown[] | JsonObject) => {
    if (copies.has(container)) return container
    const copy = Array.isArray(container) ? [...container] : { ...container }
    copies.add(copy)
    return copy
  }) as Own
}

/** What an operation copies; nobody else holds it. Throws a 422 if all of them together have copied too much. */
function copyOf(value: unknown, budget: { copied: number }): unknown {
  const text = exactJson(value) ?? 'null'
  budget.copied += Buffer.byteLength(text)
  if (budget.copied > mostCopiedBytes)
    throw new PatchRefused(
      `Unable to complete the copy, the accumulated size increase of copy is ${budget.copied}, exceeding the limit ${mostCopiedBytes}`,
    )
  return parseExactJson(text)
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

function apply(
  document: unknown,
  { op, path, from, value }: JsonPatchOperation,
  own: Own,
  budget: { copied: number },
): unknown {
  const at = pointer(path, 'path')
  switch (op) {
    case 'add':
      return write(document, at, insertAt(required(value)), own)
    case 'replace':
      return write(document, at, replaceAt(required(value)), own)
    case 'remove':
      return write(document, at, removeAt, own)
    case 'copy':
      return write(document, at, insertAt(copyOf(read(document, pointer(from, 'from')), budget)), own)
    case 'move': {
      const source = pointer(from, 'from')
      const moved = read(document, source) ?? null
      return write(write(document, source, removeAt, own), at, insertAt(moved), own)
    }
    case 'test':
      if (jsonEqual(read(document, at) ?? null, value ?? null)) return document
      throw new PatchRefused(`testing path ${path} failed`, true)
    default:
      throw new PatchRefused(`Unexpected kind: ${op}`)
  }
}

function required(value: unknown): unknown {
  if (value === undefined) throw new PatchRefused('missing value')
  return value
}

/** The steps of a JSON pointer. */
function pointer(text: string | undefined, field: string): readonly string[] {
  if (text === undefined || text === null) throw new PatchRefused(`missing ${field} field`)
  if (text === '') return []
  if (!text.startsWith('/')) throw new PatchRefused(`${text} is no JSON pointer`)
  return text
    .slice(1)
    .split('/')
    .map(step => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function position(step: string, length: number, end: number): number {
  if (!/^[+-]?[0-9]{1,9}$/.test(step)) throw new PatchRefused(`value was not a proper array index: ${step}`)
  const index = Number(step)
  const counted = index < 0 ? index + length : index
  if (counted < 0 || counted >= end) throw new PatchRefused(`Unable to access invalid index: ${step}`)
  return counted
}

function read(document: unknown, path: readonly string[]): unknown {
  let value = document
  path.forEach((step, depth) => {
    if (Array.isArray(value)) value = value[position(step, value.length, value.length)]
    else if (isObject(value)) value = Object.hasOwn(value, step) ? value[step] : undefined
    else throw new PatchRefused(`doc is missing path: /${path.slice(0, depth + 1).join('/')}`)
  })
  return value
}

/** What an operation does to the container its path ends in, which may be changed. */
interface Change {
  inList(items: unknown[], step: string): void
  inObject(object: Fields, step: string): void
  /** The path is empty: the whole document. */
  whole(document: unknown): unknown
}

function write(document: unknown, path: readonly string[], change: Change, own: Own, depth = 0): unknown {
  const step = path[depth]
  if (step === undefined) return change.whole(document)
  const last = depth === path.length - 1
  if (Array.isArray(document)) {
    const items = own(document)
    if (last) change.inList(items, step)
    else {
      const index = position(step, items.length, items.length)
      items[index] = write(items[index], path, change, own, depth + 1)
    }
    return items
  }
  if (isObject(document) && (last || Object.hasOwn(document, step))) {
    const object = own(document)
    if (last) change.inObject(object, step)
    else setField(object, step, write(object[step], path, change, own, depth + 1))
    return object
  }
  throw new PatchRefused(`doc is missing path: /${path.slice(0, depth + 1).join('/')}`)
}

const insertAt = (value: unknown): Change => ({
  inList(items, step) {
    if (step === '-') items.push(value)
    else items.splice(position(step, items.length + 1, items.length + 1), 0, value)
  },
  inObject: (object, step) => setField(object, step, value),
  whole: () => value,
})

const replaceAt = (value: unknown): Change => ({
  inList(items, step) {
    items[position(step, items.length, items.length)] = value
  },
  inObject: (object, step) => setField(object, step, value),
  whole: () => value,
})

const removeAt: Change = {
  inList: (items, step) => void items.splice(position(step, items.length, items.length), 1),
  inObject(object, step) {
    if (!Object.hasOwn(object, step)) throw new PatchRefused(`Unable to remove nonexistent key: ${step}`)
    delete object[step]
  },
  whole: () => null,
}
