/**
 * Sets of fields, in the very form `managedFields[].fieldsV1` has: a tree of path elements. An element is `f:name` (a
 * field or key), `k:{"name":"c"}` (an item of a list by its keys), `v:"x"` (an item of a list by its value) or `i:0`. A
 * node belongs to the set if it is empty or holds `.`; otherwise only what is below it does. Nodes are never changed, so
 * sets share what they have in common, and managed fields need no translation. The empty set is undefined.
 */
export interface FieldSet {
  readonly [element: string]: FieldSet
}

/** A node that belongs to the set, with nothing below. */
export const leaf: FieldSet = Object.freeze({})

/** The element that says that a node with something below belongs to the set itself. */
export const own = '.'

/** So many elements of a node are looked for among those built before. */
const longestShared = 64
/** So many steps are remembered before all are forgotten. */
const mostSteps = 20_000

/**
 * The elements a node has so far, in the order they came. Nodes that are built alike take the same steps and end as one:
 * all objects made from one template share a set.
 */
class Step {
  // Most steps are followed by the same one again and again.
  #usual: Step | undefined
  #others: Map<string, Map<FieldSet, Step>> | undefined
  #inner: FieldSet | undefined
  #member: FieldSet | undefined

  constructor(
    readonly before: Step | undefined,
    readonly element: string,
    readonly set: FieldSet,
    readonly length: number,
  ) {}

  with(element: string, set: FieldSet): Step {
    const usual = this.#usual
    if (usual?.set === set && usual.element === element) return usual
    let next = this.#others?.get(element)?.get(set)
    if (next) return next
    next = new Step(this, element, set, this.length + 1)
    steps++
    if (!usual) this.#usual = next
    else this.#noteOther(next)
    return next
  }

  #noteOther(step: Step): void {
    this.#others ??= new Map()
    const bySet = this.#others.get(step.element)
    if (bySet) bySet.set(step.set, step)
    else this.#others.set(step.element, new Map([[step.set, step]]))
  }

  elements(): [string, FieldSet][] {
    const elements: [string, FieldSet][] = []
    for (let step: Step = this; step.before; step = step.before) elements.push([step.element, step.set])
    return elements.reverse()
  }

  /** The node with these elements. */
  node(member: boolean): FieldSet {
    const known = member ? this.#member : this.#inner
    if (known) return known
    const made = nodeOf(this.elements(), member)
    texts.set(made, undefined)
    if (member) this.#member = made
    else this.#inner = made
    return made
  }
}

const newStart = () => new Step(undefined, '', leaf, 0)
let start = newStart()
let steps = 0

/** The JSON of shared nodes, as far as it has been asked for. */
const texts = new WeakMap<FieldSet, string | undefined>([[leaf, undefined]])

/** Whether the set was built here, and not forgotten since: then it is canonical. */
export const isShared = (set: FieldSet): boolean => texts.has(set)

/** The set as JSON; made but once for sets that are shared. */
export function fieldsText(set: FieldSet): string {
  const known = texts.get(set)
  if (known !== undefined) return known
  const text = JSON.stringify(set)
  if (texts.has(set)) texts.set(set, text)
  return text
}

function nodeOf(elements: [string, FieldSet][], member: boolean): FieldSet {
  elements.sort(byElement)
  const set: Record<string, FieldSet> = {}
  if (member) set[own] = leaf
  for (const [element, child] of elements) set[element] = child
  return set
}

export const byElement = (a: readonly [string, unknown], b: readonly [string, unknown]): number =>
  a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0

/** Grows a node; elements may come in any order. Gives undefined if nothing was put in. */
export class FieldSetBuilder {
  #step: Step
  /** What goes beyond what is shared. */
  #rest: [string, FieldSet][] | undefined

  constructor() {
    if (steps > mostSteps) {
      start = newStart()
      steps = 0
    }
    this.#step = start
  }

  add(element: string, set: FieldSet): void {
    if (this.#step.length < longestShared) this.#step = this.#step.with(element, set)
    else (this.#rest ??= []).push([element, set])
  }

  /** `member`: the node itself belongs to the set, too. */
  build(member: boolean): FieldSet | undefined {
    if (this.#rest) return nodeOf([...this.#step.elements(), ...this.#rest], member)
    if (this.#step.length === 0) return member ? leaf : undefined
    return this.#step.node(member)
  }
}
