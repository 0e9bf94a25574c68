/** Finds what is wrong with a value: lines that say where, what is there, and what should be. */
export type Shape = (value: unknown, path: string) => readonly string[]

const shown = (value: unknown): string => {
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'undefined' ? 'missing' : typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

const wrong = (path: string, value: unknown, wanted: string): readonly string[] => [
  value === undefined ? `${path} is missing: it must be ${wanted}` : `${path} must be ${wanted}, not ${shown(value)}`,
]

/** A value that `test` holds of. */
export const that =
  (test: (value: unknown) => boolean, wanted: string): Shape =>
  (value, path) =>
    test(value) ? [] : wrong(path, value, wanted)

export const functionShape = that(value => typeof value === 'function', 'a function')

export const oneOf = (...values: readonly unknown[]): Shape =>
  that(value => values.includes(value), values.map(shown).join(' or '))

export const listOf =
  (item: Shape): Shape =>
  (value, path) =>
    Array.isArray(value) ? value.flatMap((one, i) => item(one, `${path}[${i}]`)) : wrong(path, value, 'a list')

/** May be left out. */
export const maybe =
  (shape: Shape): Shape =>
  (value, path) =>
    value === undefined ? [] : shape(value, path)

/** An object of these fields and no others. */
export const objectOf =
  (fields: { readonly [name: string]: Shape }): Shape =>
  (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong(path, value, 'an object')
    const at = (name: string) => (path ? `${path}.${name}` : name)
    const unknown = Object.keys(value)
      .filter(name => !Object.hasOwn(fields, name))
      .map(name => `${at(name)} is unknown; there is: ${Object.keys(fields).join(', ')}`)
    const held = value as { readonly [name: string]: unknown }
    return [...unknown, ...Object.entries(fields).flatMap(([name, shape]) => shape(held[name], at(name)))]
  }

/** Both must hold; the second one is asked only if the first one holds. */
export const both =
  (first: Shape, second: Shape): Shape =>
  (value, path) => {
    const errors = first(value, path)
    return errors.length > 0 ? errors : second(value, path)
  }

/** An object that has at least one of these. */
export const anyOf =
  (...names: readonly string[]): Shape =>
  (value, path) =>
    names.some(name => (value as { readonly [name: string]: unknown })[name] !== undefined)
      ? []
      : [`${path} does nothing: it has none of ${names.join(', ')}`]
