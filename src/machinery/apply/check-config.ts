import { goFloat, goQuote, goValue } from '../go-format.js'
import {
  type ApplyType,
  deduced,
  fieldType,
  itemElement,
  type KeyedType,
  keyValue,
  valueElement,
} from './apply-type.js'
import { printElement } from './field-set.js'

/**
 * What makes an applied configuration unfit for its type, in upstream's words: unknown fields, wrong types, items that
 * cannot be told apart. Undefined if it is fine.
 */
export function configFault(config: unknown, type: ApplyType): string | undefined {
  const faults: string[] = []
  check(config, type, '', faults)
  if (faults.length < 2) return faults[0]
  return `errors:\n${faults.map(fault => `  ${fault}`).join('\n')}`
}

function check(value: unknown, type: ApplyType, path: string, faults: string[]): void {
  if (value === null || value === undefined) return
  const expected = (what: string, got = `&{${goValue(value)}}`): void => {
    faults.push(`${path ? `${path}: ` : ''}expected ${what}, got ${got}`)
  }
  switch (type.kind) {
    case 'atomic':
    case 'ignored':
      check(value, type.inner, path, faults)
      return
    case 'scalar': {
      const is = typeof value === 'bigint' ? 'number' : typeof value
      if (type.accepts === 'number' && is !== 'number') expected('numeric (int or float)', goType(value))
      else if (type.accepts === 'any' && is === 'object') expected('any scalar')
      else if (type.accepts === 'string' && is !== 'string')
        expected('string', `&value.valueUnstructured{Value:${goSyntax(value)}}`)
      else if (type.accepts === 'boolean' && is !== 'boolean') expected('boolean')
      return
    }
    case 'struct':
    case 'map':
      if (typeof value !== 'object' || Array.isArray(value)) expected('map')
      else {
        for (const [name, field] of Object.entries(value)) {
          const at = `${path}.${name}`
          const child = type.kind === 'map' ? type.value : fieldType(type, name)
          if (child) check(field, child, at, faults)
          else faults.push(`${at}: field not declared in schema`)
        }
      }
      return
    case 'keyed':
    case 'set':
    case 'list':
      if (!Array.isArray(value)) expected('list')
      else if (type.kind === 'list')
        for (const [index, item] of value.entries()) check(item, type.item, `${path}[${index}]`, faults)
      else checkItems(value, type, path, faults)
      return
    default:
      if (Array.isArray(value)) for (const item of value) check(item, deduced, path, faults)
  }
}

function checkItems(
  items: readonly unknown[],
  type: KeyedType | Extract<ApplyType, { kind: 'set' }>,
  path: string,
  faults: string[],
): void {
  const at = path ? `${path}: ` : ''
  const seen = new Set<string>()
  for (const [index, item] of items.entries()) {
    const nameless = type.kind === 'keyed' ? keyFault(item, type) : memberFault(item)
    if (nameless) {
      // What comes after an item that cannot be told apart is not looked at.
      faults.push(`${at}element ${index}: ${nameless}`)
      return
    }
    const element = type.kind === 'keyed' ? itemElement(type, item) : valueElement(item)
    const printed = printElement(element)
    if (seen.has(element)) faults.push(`${at}duplicate entries for key ${printed}`)
    seen.add(element)
    check(item, type.item, path + printed, faults)
  }
}

/** Why an item cannot be told from others by its keys. */
function keyFault(item: unknown, type: KeyedType): string | undefined {
  if (item === null) return 'associative list with keys may not have a null element'
  if (typeof item !== 'object' || Array.isArray(item)) return 'associative list with keys may not have non-map elements'
  const missing = type.keys.find(key => keyValue(key, item) === undefined)
  return (
    missing &&
    `associative list with keys has an element that omits key field ${goQuote(missing.name)} (and doesn't have default value)`
  )
}

/** Why a value cannot be the member of a set. */
function memberFault(item: unknown): string | undefined {
  if (item === null) return "associative list without keys has an element that's an explicit null"
  if (Array.isArray(item)) return 'not supported: associative list with lists as elements'
  return typeof item === 'object' ? "associative list without keys has an element that's a map type" : undefined
}

/** The type of a value as the verb `%T` writes it, for what is no number. */
function goType(value: unknown): string {
  if (Array.isArray(value)) return '[]interface {}'
  if (typeof value === 'object') return 'map[string]interface {}'
  if (typeof value === 'bigint') return 'int64'
  return typeof value === 'boolean' ? 'bool' : typeof value
}

/** A value as the verb `%#v` writes it. */
function goSyntax(value: unknown): string {
  if (value === null || value === undefined) return 'interface {}(nil)'
  if (typeof value === 'string') return goQuote(value)
  if (typeof value === 'number') return goFloat(value)
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(', ')}}`
  if (typeof value === 'object') {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
    return `map[string]interface {}{${entries.map(([key, item]) => `${goQuote(key)}:${goSyntax(item)}`).join(', ')}}`
  }
  return String(value)
}
