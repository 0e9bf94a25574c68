import { type ScalarTag, YAMLParseError } from 'yaml'
import { jsonTypeName } from '../../machinery/go-format.js'
import { messageOf } from '../../machinery/message-of.js'
import { badRequest } from '../../machinery/status-error.js'
import { parseYaml, type YamlDocument, type YamlOptions } from '../../machinery/yaml-document.js'
import { exactJson, hasManyDigits, JsonSyntaxError, parseJson } from '../../schema/index.js'
import { textFault, yamlFault } from './yaml-fault.js'

/** A text that could not be parsed; the message is upstream's. */
export class BodySyntaxError extends Error {}

/** YAML that could not be converted to JSON. */
export class YamlSyntaxError extends BodySyntaxError {}

/** Parses JSON. Throws `BodySyntaxError`. */
export function parseJsonText(text: string): unknown {
  try {
    return parseJson(text)
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw new BodySyntaxError(error.message)
    throw error
  }
}

export interface ConvertedYaml {
  readonly json: string
  /** Complaints about keys that stand twice in a map: the last one wins. */
  readonly duplicates: readonly string[]
}

/** Aliases are bounded, so that a small text cannot become a large object. */
const maximumAliases = 100
/** Tags that would turn texts into what JSON does not have. */
const unknownToJson = new Set(['tag:yaml.org,2002:timestamp', 'tag:yaml.org,2002:binary'])

/** Times of day are texts, too, not numbers of base 60. */
const isLeftOut = ({ tag, format }: { readonly tag: string; readonly format?: string }): boolean =>
  unknownToJson.has(tag) || format === 'TIME'

/** What is read otherwise than YAML 1.1 has it: a lone dot is a text, octal numbers may be written as in YAML 1.2. */
const ownTags: ScalarTag[] = [
  { tag: 'tag:yaml.org,2002:str', default: true, test: /^[-+]?\.$/, resolve: text => text },
  {
    tag: 'tag:yaml.org,2002:int',
    default: true,
    test: /^[-+]?0o[0-7_]+$/,
    resolve: text => Number.parseInt(text.replace(/0o|_/g, ''), 8),
  },
]

function finite(_key: string, value: unknown): unknown {
  if (typeof value !== 'number' || Number.isFinite(value)) return value
  const named = Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
  throw new YamlSyntaxError(`json: unsupported value: ${named}`)
}

/** Converts YAML 1.1 to JSON the way Kubernetes does: dates stay texts. Throws `YamlSyntaxError`. */
export function yamlToJson(text: string): ConvertedYaml {
  const why = textFault(text)
  if (why) throw notYaml(why)
  const { document, repeated } = parsed(text, {
    version: '1.1',
    intAsBigInt: hasManyDigits(text),
    merge: true,
    customTags: tags => [...ownTags, ...tags.filter(tag => typeof tag === 'string' || !isLeftOut(tag))],
  })
  // Of several documents the first one counts.
  const duplicates = repeatedKeys(text, repeated)
  try {
    return { json: exactJson(document.toJS({ maxAliasCount: maximumAliases }), finite) ?? 'null', duplicates }
  } catch (error) {
    if (error instanceof BodySyntaxError) throw error
    // An alias that leads nowhere, to too much, or to itself.
    const message = (error as Error).message.split('\n')[0] ?? ''
    const [, anchor] = /^Unresolved alias .*: (.*)$/.exec(message) ?? []
    throw notYaml(anchor === undefined ? message : `unknown anchor '${anchor}' referenced`)
  }
}

function parsed(text: string, options: YamlOptions): YamlDocument {
  try {
    return parseYaml(text, options)
  } catch (error) {
    throw notYaml(error instanceof YAMLParseError ? yamlFault(text, error) : messageOf(error))
  }
}

/** As many keys are complained of at most, as of JSON. */
const maxComplaints = 100

/** Keys that stand twice, each with its line. */
function repeatedKeys(text: string, offsets: readonly number[]): string[] {
  let line = 1
  let counted = 0
  return offsets
    .toSorted((a, b) => a - b)
    .slice(0, maxComplaints)
    .map(offset => {
      for (; counted < offset; counted++) if (text[counted] === '\n') line++
      return `line ${line}: key ${JSON.stringify(keyAt(text, offset))} already set in map`
    })
}

function keyAt(text: string, start: number): string {
  const match = /^(?:"((?:[^"\\]|\\.)*)"|'((?:[^']|'')*)'|([^\s:,}]*))/.exec(text.slice(start, start + 512))
  return match?.[1] ?? match?.[2] ?? match?.[3] ?? ''
}

const duplicateKeys = 'yaml: unmarshal errors:\n'

/** What is said of keys that stand twice, where it is held against a text; whom it is told gets each key by itself. */
export const duplicateKeysText = (duplicates: readonly string[]): string =>
  duplicateKeys + duplicates.map(text => `  ${text}`).join('\n')

/** What such a text tells of; any other text is what it is. */
export const duplicateKeysIn = (text: string): readonly string[] =>
  text.startsWith(duplicateKeys)
    ? text
        .slice(duplicateKeys.length)
        .split('\n')
        .map(line => line.trim())
    : [text]

const notYaml = (why: string): YamlSyntaxError => new YamlSyntaxError(`yaml: ${why}`)

/** Parses a JSON text for which there is no kind (a patch). Throws a 400 whose message begins with `prefix`. */
export const parseJsonBody = (text: string, prefix: string): unknown => refusing(prefix, () => parseJsonText(text))

/** Parses a YAML text for which there is no kind yet (an applied configuration). Throws a 400. */
export function parseYamlBody(text: string): { readonly value: unknown; readonly duplicates: readonly string[] } {
  return refusing('error decoding YAML: ', () => {
    const { json, duplicates } = yamlToJson(text)
    const value = parseJsonText(json)
    if (value !== null && (typeof value !== 'object' || Array.isArray(value)))
      throw new BodySyntaxError(
        `error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${jsonTypeName(value)} into Go value of type map[string]interface {}`,
      )
    return { value, duplicates }
  })
}

function refusing<T>(prefix: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (error instanceof YamlSyntaxError) throw badRequest(`${prefix}error converting YAML to JSON: ${error.message}`)
    if (error instanceof BodySyntaxError) throw badRequest(prefix + error.message)
    throw error
  }
}
