import { jsonEqual } from '../../../machinery/json-equal.js'
import type { OpenApiSchema } from '../../../schema/index.js'

type Members = { readonly [name: string]: OpenApiSchema }

/** What an OpenAPI v2 document says of one group version, with all that its paths refer to. */
export interface PartV2 {
  /** `/apis/GROUP/VERSION`. */
  readonly root: string
  readonly paths: Members
  readonly definitions: Members
  readonly parameters: Members
}

/** The part of a document below `root`. Throws if the document makes no sense. */
export function partOfV2(document: OpenApiSchema, root: string): PartV2 {
  const { swagger, paths, definitions, parameters } = document
  if (swagger !== '2.0') throw new Error('the document is not of OpenAPI v2')
  const own = Object.entries(membersOf(paths)).filter(([path]) => path === root || path.startsWith(`${root}/`))
  const all = { definitions: membersOf(definitions), parameters: membersOf(parameters) }
  const kept = { definitions: new Map<string, OpenApiSchema>(), parameters: new Map<string, OpenApiSchema>() }
  const waiting: unknown[] = [own]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop())
    mapReferences(next, (kind, name) => {
      const found = all[kind][name]
      if (found === undefined) throw new Error(`the document refers to ${name}, which it does not have`)
      if (!kept[kind].has(name)) {
        kept[kind].set(name, found)
        waiting.push(found)
      }
      return name
    })
  return {
    root,
    paths: Object.fromEntries(own),
    definitions: Object.fromEntries(kept.definitions),
    parameters: Object.fromEntries(kept.parameters),
  }
}

/** A document with the parts of others in it. What is called like something else is called something else. */
export function mergeV2(document: OpenApiSchema, parts: readonly PartV2[]): OpenApiSchema {
  const paths = { ...membersOf(document['paths']) }
  const definitions = { ...membersOf(document['definitions']) }
  const parameters = { ...membersOf(document['parameters']) }
  for (const part of parts) {
    for (const path of Object.keys(paths)) if (path.startsWith(`${part.root}/`)) delete paths[path]
    const names = {
      definitions: namesIn(definitions, part.definitions),
      parameters: namesIn(parameters, part.parameters),
    }
    const renamed = <T>(value: T): T => mapReferences(value, (kind, name) => names[kind].get(name) ?? name) as T
    Object.assign(paths, renamed(part.paths))
    for (const [name, value] of Object.entries(part.definitions))
      definitions[names.definitions.get(name) ?? name] ??= renamed(value)
    for (const [name, value] of Object.entries(part.parameters))
      parameters[names.parameters.get(name) ?? name] ??= renamed(value)
  }
  const sorted = (members: Members) => Object.fromEntries(Object.entries(members).sort(([a], [b]) => (a < b ? -1 : 1)))
  return { ...document, paths, definitions: sorted(definitions), parameters: sorted(parameters) }
}

/** What each of the added members comes to be called: its own name, unless that is another one's. */
function namesIn(present: Members, added: Members): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  for (const [name, value] of Object.entries(added)) {
    let free = name
    for (let n = 2; !mayBe(present[free], value); n++) free = `${name}_v${n}`
    names.set(name, free)
  }
  return names
}

/** Of which groups a shared kind is told to be does not matter: every server knows others. */
function mayBe(a: OpenApiSchema | undefined, b: OpenApiSchema): boolean {
  if (!a) return true
  const { 'x-kubernetes-group-version-kind': _a, ...one } = a
  const { 'x-kubernetes-group-version-kind': _b, ...other } = b
  return jsonEqual(one, other)
}

type Referred = 'definitions' | 'parameters'

const reference = /^#\/(definitions|parameters)\/(.+)$/s

/** A copy of JSON in which references lead to what `rename` says. */
function mapReferences(value: unknown, rename: (kind: Referred, name: string) => string): unknown {
  if (Array.isArray(value)) return value.map(item => mapReferences(item, rename))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([member, inner]) => {
      const [, kind, name] = (member === '$ref' && typeof inner === 'string' && reference.exec(inner)) || []
      if (kind === undefined || name === undefined) return [member, mapReferences(inner, rename)]
      return [member, `#/${kind}/${rename(kind as Referred, name)}`]
    }),
  )
}

const membersOf = (value: unknown): Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : {}
