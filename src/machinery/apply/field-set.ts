import { exactJson, parseExactJson } from '../../schema/exact-json.js'
import { byElement, type FieldSet, FieldSetBuilder, isShared, leaf, own } from './field-set-builder.js'

export { type FieldSet, FieldSetBuilder, leaf } from './field-set-builder.js'

const isLeaf = (set: FieldSet): boolean => {
  for (const _ in set) return false
  return true
}

/** Whether the node itself, not only something below it, belongs to the set. */
export const isMember = (set: FieldSet): boolean => Object.hasOwn(set, own) || isLeaf(set)

/** What the set holds below an element; undefined if nothing. */
export const below = (set: FieldSet | undefined, element: string): FieldSet | undefined =>
  set && Object.hasOwn(set, element) ? set[element] : undefined

/** What is in either. */
export function union(a: FieldSet | undefined, b: FieldSet | undefined): FieldSet | undefined {
  if (!a || a === b) return b
  if (!b) return a
  if (includes(a, b)) return a
  const builder = new FieldSetBuilder()
  for (const element in a) {
    const left = a[element]
    if (element === own || !left) continue
    builder.add(element, union(left, below(b, element)) ?? left)
  }
  for (const element in b) {
    const right = b[element]
    if (element !== own && right && !Object.hasOwn(a, element)) builder.add(element, right)
  }
  return builder.build(isMember(a) || isMember(b))
}

/** Whether all of `b` is in `a`. */
function includes(a: FieldSet, b: FieldSet): boolean {
  if (isMember(b) && !isMember(a)) return false
  for (const element in b) {
    if (element === own) continue
    const left = below(a, element)
    const right = b[element]
    if (!left || (right && left !== right && !includes(left, right))) return false
  }
  return true
}

/** What is in `a` but not in `b`, path by path. Gives `a` itself if they have nothing in common. */
export const difference = (a: FieldSet | undefined, b: FieldSet | undefined): FieldSet | undefined =>
  a && b ? subtract(a, b, false) : a

/** What of `a` is neither in `b` nor below something in `b`. Gives `a` itself if that is all of it. */
export const without = (a: FieldSet | undefined, b: FieldSet | undefined): FieldSet | undefined =>
  a && b ? subtract(a, b, true) : a

function subtract(a: FieldSet, b: FieldSet, deep: boolean): FieldSet | undefined {
  const memberOfB = isMember(b)
  if (deep && memberOfB) return undefined
  // What is taken away is nearly always much smaller than what it is taken from.
  let changes: Map<string, FieldSet | undefined> | undefined
  for (const element in b) {
    const left = element === own ? undefined : below(a, element)
    const right = b[element]
    if (!left || !right) continue
    const kept = subtract(left, right, deep)
    if (kept !== left) (changes ??= new Map()).set(element, kept)
  }
  const leaves = memberOfB && isMember(a)
  if (!changes && !leaves) return a
  const member = !memberOfB && isMember(a)
  const rest: Record<string, FieldSet> = {}
  let size = 0
  if (member) rest[own] = leaf
  for (const element in a) {
    const kept = element === own ? undefined : changes?.has(element) ? changes.get(element) : a[element]
    if (!kept) continue
    rest[element] = kept
    size++
  }
  if (size) return rest
  return member ? leaf : undefined
}

/** What is in both. */
export function intersection(a: FieldSet | undefined, b: FieldSet | undefined): FieldSet | undefined {
  if (!a || !b) return undefined
  if (a === b) return a
  const builder = new FieldSetBuilder()
  for (const element in a) {
    const both = element === own ? undefined : intersection(a[element], below(b, element))
    if (both) builder.add(element, both)
  }
  return builder.build(isMember(a) && isMember(b))
}

/** Whether two sets have anything in common; cheaper than their intersection. */
export function intersects(a: FieldSet | undefined, b: FieldSet | undefined): boolean {
  if (!a || !b) return false
  if (isMember(a) && isMember(b)) return true
  for (const element in a) if (element !== own && intersects(a[element], below(b, element))) return true
  return false
}

/** Every path of the set in the form of conflicts: `.spec.containers[name="c"].image`. */
export function pathsOf(set: FieldSet | undefined): string[] {
  const paths: string[] = []
  const visit = (node: FieldSet, path: string): void => {
    if (path && isMember(node)) paths.push(path)
    for (const element in node) {
      const child = node[element]
      if (element !== own && child) visit(child, path + printElement(element))
    }
  }
  if (set) visit(set, '')
  return paths
}

/** `.name`, `[name="c",port=80]`, `[="x"]`, `[0]`. */
export function printElement(element: string): string {
  const text = element.slice(2)
  switch (element.slice(0, 2)) {
    case 'k:': {
      const keys = parseExactJson(text) as Record<string, unknown>
      return `[${Object.entries(keys)
        .map(([key, value]) => `${key}=${exactJson(value)}`)
        .join(',')}]`
    }
    case 'v:':
      return `[=${text}]`
    case 'i:':
      return `[${text}]`
    default:
      return `.${text}`
  }
}

/**
 * A set that came from outside, brought into canonical form: elements sorted, keys sorted. Gives the same object if it
 * is canonical already, undefined if it is no set at all (null means it is empty).
 */
export function canonicalFieldSet(value: unknown): FieldSet | null | undefined {
  if (!isNode(value)) return undefined
  const canonical = isShared(value) || isCanonical(value) ? value : canonicalNode(value)
  return canonical && isLeaf(canonical) ? null : canonical
}

const isNode = (value: unknown): value is FieldSet =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function isCanonical(node: FieldSet): boolean {
  let previous = ''
  for (const element in node) {
    const child: unknown = node[element]
    if (element < previous || !isNode(child)) return false
    if (element !== own && (canonicalElement(element) !== element || !isCanonical(child))) return false
    previous = element
  }
  return true
}

function canonicalNode(node: FieldSet): FieldSet | undefined {
  const builder = new FieldSetBuilder()
  for (const [element, child] of Object.entries<unknown>(node)) {
    if (!isNode(child)) return undefined
    if (element === own) continue
    const name = canonicalElement(element)
    const set = canonicalNode(child)
    if (name === undefined || !set) return undefined
    builder.add(name, set)
  }
  return builder.build(Object.hasOwn(node, own)) ?? leaf
}

// The same few elements come again and again.
const canonicalElements = new Map<string, string | undefined>()
const rememberedElements = 4096

function canonicalElement(element: string): string | undefined {
  if (element.startsWith('f:')) return element
  let canonical = canonicalElements.get(element)
  if (canonical === undefined) {
    canonical = makeCanonical(element)
    if (canonicalElements.size >= rememberedElements) canonicalElements.clear()
    if (element.length <= 256) canonicalElements.set(element, canonical)
  }
  return canonical
}

function makeCanonical(element: string): string | undefined {
  if (element.startsWith('i:')) return /^i:-?[0-9]+$/.test(element) ? element : undefined
  if (!element.startsWith('k:') && !element.startsWith('v:')) return undefined
  try {
    const value = parseExactJson(element.slice(2))
    if (element.startsWith('v:')) return `v:${exactJson(value)}`
    if (!isNode(value)) return undefined
    return `k:${exactJson(Object.fromEntries(Object.entries(value).sort(byElement)))}`
  } catch {
    return undefined
  }
}
