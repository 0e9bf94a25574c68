import { SelectorError } from './labels.js'

/** One condition of a field selector. */
export interface FieldRequirement {
  readonly field: string
  readonly operator: '=' | '!='
  readonly value: string
}

/** A field selector ready for use. */
export interface FieldSelector {
  /** All must hold; sorted by their text. */
  readonly requirements: readonly FieldRequirement[]
  /** `field` answers the value of a field, the empty text where there is none. */
  readonly matches: (field: (name: string) => string) => boolean
  /** True if it selects everything. */
  readonly empty: boolean
  /** The one value the selector asks of a field, if it does; lets a list become a get or use an index. */
  requiredValue(field: string): string | undefined
  /** The text form, which parses to an equal selector. */
  toString(): string
}

/** A selector of all that meet every requirement. */
export function fieldSelectorOf(requirements: readonly FieldRequirement[]): FieldSelector {
  const [only] = requirements
  const holds = ({ field, operator, value }: FieldRequirement, get: (name: string) => string): boolean =>
    (get(field) === value) === (operator === '=')
  return {
    requirements,
    matches:
      only && requirements.length === 1
        ? get => holds(only, get)
        : get => requirements.every(requirement => holds(requirement, get)),
    empty: requirements.length === 0,
    requiredValue: field =>
      requirements.find(requirement => requirement.field === field && requirement.operator === '=')?.value,
    toString: () =>
      requirements.map(({ field, operator, value }) => `${field}${operator}${escapeFieldValue(value)}`).join(','),
  }
}

/** Selects everything. */
const everyField: FieldSelector = fieldSelectorOf([])

/** A value as it stands in a selector's text. */
const escapeFieldValue = (value: string): string => value.replace(/[\\,=]/g, '\\$&')

/**
 * Reads a field selector's text (`metadata.name=a,status.phase!=Running`; `\`, `,` and `=` in values are escaped by `\`).
 * Which fields exist is the caller's to check. Throws `SelectorError` with upstream's message.
 */
export function parseFieldSelector(text: string): FieldSelector {
  if (text === '') return everyField
  const requirements: FieldRequirement[] = []
  for (const part of splitAtCommas(text).sort()) {
    if (part === '') continue
    const match = /!=|==?/.exec(part)
    if (!match) throw new SelectorError(`invalid selector: '${text}'; can't understand '${part}'`)
    const value = unescapeValue(part.slice(match.index + match[0].length))
    requirements.push({ field: part.slice(0, match.index), operator: match[0] === '!=' ? '!=' : '=', value })
  }
  return requirements.length ? fieldSelectorOf(requirements) : everyField
}

function splitAtCommas(text: string): string[] {
  const parts: string[] = []
  let start = 0
  let escaped = false
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (escaped) escaped = false
    else if (char === '\\') escaped = true
    else if (char === ',') {
      parts.push(text.slice(start, at))
      start = at + 1
    }
  }
  parts.push(text.slice(start))
  return parts
}

function unescapeValue(text: string): string {
  if (!/[\\,=]/.test(text)) return text
  let value = ''
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? ''
    if (char === ',' || char === '=') {
      throw new SelectorError(`invalid field selector: unescaped character in value: ${char.charCodeAt(0)}`)
    }
    if (char !== '\\') {
      value += char
      continue
    }
    const next = text[++at] ?? ''
    if (next !== '\\' && next !== ',' && next !== '=') {
      throw new SelectorError(`invalid field selector: invalid escape sequence: \\${next}`)
    }
    value += next
  }
  return value
}
