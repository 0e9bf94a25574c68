import { simpleEscapes } from '../../../machinery/cel/index.js'
import type { JSONSchemaProps } from '../v1/index.js'
import { valuesOf } from './structure.js'

/** Where a path leads: its steps and the schema of what is there, or why it leads nowhere. */
export type Followed =
  | { readonly steps: readonly string[]; readonly schema: JSONSchemaProps | undefined }
  | { readonly why: string }

/** Follows a path like `.a['b'].c` through a schema; without `brackets`, names stand behind dots only. */
export function followPath(path: string, root: JSONSchemaProps, brackets = true): Followed {
  const tokens = path.match(/'(?:[^'\\]|\\.)*'|[.[\]]|[^.[\]]+/g) ?? []
  const steps: string[] = []
  let schema: JSONSchemaProps | undefined = root
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at]
    if (token !== '.' && token !== '[') return { why: `expected [ or . but got: ${token}` }
    if (token === '[' && !brackets) return { why: 'array notation is not allowed' }
    let name = tokens[++at]
    if (name === undefined) return { why: 'unexpected end of JSON path' }
    if (token === '[') {
      if (!/^'.*'$/s.test(name)) return { why: `expected single quoted string but got ${name}` }
      name = name.slice(1, -1).replace(/\\(.)/gs, (_, escaped: string) => simpleEscapes[escaped] ?? escaped)
      const end = tokens[++at]
      if (end === undefined) return { why: 'unexpected end of JSON path' }
      if (end !== ']') return { why: `expected ] but got ${end}` }
    }
    schema = schema?.properties ? schema.properties[name] : schema && valuesOf(schema)
    if (!schema) return { why: 'does not refer to a valid field' }
    steps.push(name)
  }
  return { steps, schema }
}
