import { readFileSync } from 'node:fs'
import { type MessageSchema, openApiName } from '../schema/index.js'
import { jsonField, resolve } from '../schema/walk.js'

/** By OpenAPI name: what the type is, and what its fields are. */
interface Descriptions {
  readonly [name: string]: readonly [type: string, fields: { readonly [field: string]: string }]
}

let known: Descriptions | undefined

/**
 * The build puts the file beside the compiled catalogue; nothing is read before somebody asks. Without it, as in a build
 * for tests, nothing is described.
 */
function descriptions(): Descriptions {
  if (known) return known
  try {
    known = JSON.parse(readFileSync(new URL('../api/descriptions.json', import.meta.url), 'utf8')) as Descriptions
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    known = {}
  }
  return known
}

/** The description of a type by its OpenAPI name, or of one of its fields; undefined if there is none. */
export function describe(name: string, field?: string): string | undefined {
  const entry = descriptions()[name]
  return (field === undefined ? entry?.[0] : entry?.[1][field]) || undefined
}

const enumeration = '\n\nPossible enum values:'

/** The description of the field at a dotted path, without the list of its values. */
export function describePath(message: MessageSchema, path: string): string | undefined {
  let owner: MessageSchema | undefined = message
  const names = path.split('.')
  const last = names.pop() ?? ''
  for (const name of names) owner = owner && messageAt(owner, name)
  const found = owner && jsonField(owner, last)
  const text =
    owner && (describe(openApiName(owner.name), last) ?? (found && describe(openApiName(found.owner.name), last)))
  return text?.split(enumeration)[0]
}

/** The message of a field, or of its items. */
function messageAt(owner: MessageSchema, name: string): MessageSchema | undefined {
  const found = jsonField(owner, name)
  let schema = found && resolve(found.field.schema)
  while (schema?.kind === 'list' || schema?.kind === 'map')
    schema = resolve(schema.kind === 'list' ? schema.item : schema.value)
  return schema?.kind === 'message' ? schema : undefined
}
