import { hasManyDigits, parseExactJson } from './exact-json.js'
import { describeSyntaxError } from './json-syntax.js'
import type { AnySchema, MessageSchema } from './types.js'
import { fieldOf, type ResolvedSchema, resolve } from './walk.js'

/** Text that is no JSON; the message is worded as Go words it (`invalid character 'x' after top-level value`). */
export class JsonSyntaxError extends Error {
  override readonly name = 'JsonSyntaxError'
}

/** How deep JSON may nest. Go has 10,000, but V8 cannot write such a value again, and nobody sends one in earnest. */
const maxDepth = 1000
/** As many different complaints are made at most, as upstream. */
const maxComplaints = 100

/**
 * Parses JSON text; whole numbers of 64 bits that a number would round are bigints. Throws `JsonSyntaxError`, also if it
 * nests far too deep.
 */
export function parseJson(text: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new JsonSyntaxError(describeSyntaxError(text), { cause: error })
  }
  if (text.length > 2 * maxDepth && mayNestDeeper(text) && nestsDeeper(text))
    throw new JsonSyntaxError('exceeded max depth')
  return hasManyDigits(text) ? parseExactJson(text) : value
}

/** Every request passes here: most have too few brackets, and those are quickly counted. */
function mayNestDeeper(text: string): boolean {
  let count = 0
  for (const bracket of '{[')
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1))
      if (++count > maxDepth) return true
  return false
}

function nestsDeeper(text: string): boolean {
  let depth = 0
  let inString = false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (inString) {
      if (code === backslash) at++
      else if (code === quote) inString = false
    } else if (code === quote) inString = true
    else if (code === openObject || code === openArray) {
      if (++depth > maxDepth) return true
    } else if (code === closeObject || code === closeArray) depth--
  }
  return false
}

/**
 * Whether an object of the text may have a field twice; `value` is what the text was parsed to. False is certain: as many
 * fields were parsed as are written, or seem to be.
 */
export const mayRepeatFields = (text: string, value: unknown): boolean => fieldsWritten(text) !== fieldsParsed(value)

/** Colons behind a quote: one for each field, and one for each text that begins with a colon. */
function fieldsWritten(text: string): number {
  let count = 0
  for (let at = text.indexOf(':'); at >= 0; at = text.indexOf(':', at + 1)) {
    let before = at - 1
    while (text.charCodeAt(before) <= space) before--
    if (text.charCodeAt(before) === quote && !isEscaped(text, before)) count++
  }
  return count
}

/** Whether what stands there is a part of a text, for the backslash before it. */
function isEscaped(text: string, at: number): boolean {
  let before = at
  while (text.charCodeAt(before - 1) === backslash) before--
  return (at - before) % 2 === 1
}

function fieldsParsed(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  let count = 0
  if (Array.isArray(value)) for (const item of value) count += fieldsParsed(item)
  else
    for (const name in value) {
      count++
      count += fieldsParsed((value as { readonly [name: string]: unknown })[name])
    }
  return count
}

/**
 * Paths of the fields that an object of the text has more than once (`metadata.labels.a`, `spec.containers[0].name`),
 * each once, in order of appearance; at most 100. The text must be valid JSON. Linear in its length.
 */
export function findDuplicateFields(text: string): string[] {
  const paths = new Set<string>()
  scan(text, undefined, (problem, path) => {
    if (problem === 'duplicate' && paths.size < maxComplaints) paths.add(path())
  })
  return [...paths]
}

/**
 * What strict decoding holds against the text as a message of the schema, in order of appearance: `duplicate field
 * "metadata.labels.a"`, `unknown field "spec.foo"`; at most 100. What an unknown field or raw JSON contains is not
 * looked at. The text must be valid JSON. Linear in its length.
 */
export function strictFieldErrors(text: string, schema: MessageSchema): string[] {
  const errors = new Set<string>()
  scan(text, schema, (problem, path) => {
    if (errors.size < maxComplaints) errors.add(`${problem} field ${JSON.stringify(path())}`)
  })
  return [...errors]
}

const space = 0x20
const quote = 0x22
const backslash = 0x5c
const comma = 0x2c
const openObject = 0x7b
const closeObject = 0x7d
const openArray = 0x5b
const closeArray = 0x5d

/** What is known of a value: its schema; nothing, when every field is welcome; or that nobody cares. */
type Expectation = ResolvedSchema | undefined | 'ignored'

/** An object or array that the scan is inside of. */
interface Frame {
  readonly expected: Expectation
  /** Keys seen so far; undefined for an array. */
  readonly keys: Set<string> | undefined
  /** The key or index the scan is at. */
  step: string | number
  /** The next string is a key. */
  keyNext: boolean
}

type Report = (problem: 'duplicate' | 'unknown', path: () => string) => void

function scan(text: string, root: AnySchema | undefined, report: Report): void {
  const frames: Frame[] = []
  const path = () =>
    frames.reduce(
      (whole, { step }) => (typeof step === 'number' ? `${whole}[${step}]` : whole === '' ? step : `${whole}.${step}`),
      '',
    )
  let next: Expectation = root && resolve(root)
  for (let at = 0; at < text.length; at++) {
    const frame = frames.at(-1)
    switch (text.charCodeAt(at)) {
      case quote: {
        const end = endOfString(text, at)
        if (frame?.keyNext) {
          frame.keyNext = false
          next = enterField(frame, keyOf(text, at, end), report, path)
        }
        at = end
        break
      }
      case comma:
        if (!frame) break
        if (frame.keys) frame.keyNext = true
        else {
          frame.step = (frame.step as number) + 1
          next = itemOf(frame.expected)
        }
        break
      case openObject:
        frames.push({ expected: asObject(next), keys: new Set(), step: '', keyNext: true })
        break
      case openArray: {
        const expected = asArray(next)
        frames.push({ expected, keys: undefined, step: 0, keyNext: false })
        next = itemOf(expected)
        break
      }
      case closeObject:
      case closeArray:
        frames.pop()
        break
    }
  }
}

/** Notes a key of an object and says what is expected of its value. */
function enterField(frame: Frame, key: string, report: Report, path: () => string): Expectation {
  const { expected, keys } = frame
  frame.step = key
  if (expected === 'ignored') return 'ignored'
  let inside: Expectation
  if (expected?.kind === 'map') inside = resolve(expected.value)
  else if (expected?.kind === 'message') {
    const field = fieldOf(expected, key)
    if (!field && !expected.open) {
      report('unknown', path)
      return 'ignored'
    }
    inside = field && resolve(field.schema)
  }
  if (keys?.has(key)) report('duplicate', path)
  keys?.add(key)
  return inside
}

/** Scalars with an object's form (raw JSON) and choices are decoded by code of their own, which is not strict. */
function asObject(expected: Expectation): Expectation {
  if (expected === undefined || expected === 'ignored') return expected
  if (expected.kind === 'map' || (expected.kind === 'message' && !expected.choice)) return expected
  return 'ignored'
}

function asArray(expected: Expectation): Expectation {
  return expected === undefined || expected === 'ignored' || expected.kind === 'list' ? expected : 'ignored'
}

function itemOf(expected: Expectation): Expectation {
  if (expected === undefined || expected === 'ignored') return expected
  return expected.kind === 'list' ? resolve(expected.item) : 'ignored'
}

/** The position of the quote that closes the string opened at `start`; the end of the text if there is none. */
function endOfString(text: string, start: number): number {
  let end = start
  for (;;) {
    end = text.indexOf('"', end + 1)
    if (end < 0) return text.length
    if (!isEscaped(text, end)) return end
  }
}

function keyOf(text: string, start: number, end: number): string {
  const raw = text.slice(start + 1, end)
  if (!raw.includes('\\')) return raw
  return String(JSON.parse(`"${raw}"`))
}
