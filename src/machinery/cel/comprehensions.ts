import type { ComprehensionExpr } from './ast.js'
import { listBase, mapBase } from './cost.js'
import { type Compiler, type Frame, type Run, type Slots, spend, truth } from './evaluate.js'
import { mergedEntries } from './functions/lists.js'
import { CelError, type CelValue, EntryMap, ListValue, MapValue, none, Optional } from './values.js'

/** Compiles `all`, `exists`, `map`, `filter` and their like. */
export function compileComprehension(compiler: Compiler, expr: ComprehensionExpr, slots: Slots): Run {
  const range = compiler.run(expr.range, slots)
  const first = slots.size
  const inner = new Map(slots)
  for (const [i, name] of expr.variables.entries()) inner.set(name, first + i)
  // A name that hides an outer one needs a place of its own all the same.
  const places = first + expr.variables.length
  while (inner.size < places) inner.set(` ${inner.size}`, -1)
  const body = compiler.run(expr.body, inner)
  const filter = expr.filter && compiler.run(expr.filter, inner)
  if (expr.macro === 'optMap' || expr.macro === 'optFlatMap') return optional(expr, range, body, first)
  const two = expr.variables.length > 1
  const loop = loops[expr.macro]
  return frame => {
    const values = range(frame)
    const steps = two ? pairs(values) : singles(values)
    return loop(
      frame,
      steps,
      step => {
        frame.locals[first] = step[0]
        if (two) frame.locals[first + 1] = step[1]
      },
      body,
      filter,
    )
  }
}

type Step = readonly [CelValue, CelValue]

function* singles(range: CelValue): Iterable<Step> {
  if (range instanceof ListValue) for (const item of range) yield [item, null]
  else if (range instanceof MapValue) for (const key of range.keys()) yield [key, null]
  else throw new CelError('no such overload')
}

function* pairs(range: CelValue): Iterable<Step> {
  if (range instanceof ListValue) for (let i = 0; i < range.size; i++) yield [BigInt(i), range.get(i)]
  else if (range instanceof MapValue) for (const key of range.keys()) yield [key, range.get(key) ?? null]
  else throw new CelError('no such overload')
}

type Loop = (
  frame: Frame,
  steps: Iterable<Step>,
  bind: (step: Step) => void,
  body: Run,
  filter: Run | undefined,
) => CelValue

/** `all` and `exists`: an item that decides the matter wins over errors of others. */
const quantifier =
  (decisive: boolean, cost: number): Loop =>
  (frame, steps, bind, body) => {
    let fault: unknown
    for (const step of steps) {
      bind(step)
      spend(frame, cost)
      try {
        if (truth(body(frame)) === decisive) return decisive
      } catch (error) {
        if (!(error instanceof CelError)) throw error
        fault ??= error
      }
    }
    spend(frame, 1)
    if (fault) throw fault
    return !decisive
  }

/** Runs `each` for the steps that pass the filter. */
function gather(
  frame: Frame,
  steps: Iterable<Step>,
  bind: (step: Step) => void,
  filter: Run | undefined,
  each: (step: Step) => void,
) {
  for (const step of steps) {
    bind(step)
    if (!filter || truth(filter(frame))) each(step)
    else spend(frame, 1)
  }
  spend(frame, 1)
}

const mapped: Loop = (frame, steps, bind, body, filter) => {
  spend(frame, listBase)
  const items: CelValue[] = []
  gather(frame, steps, bind, filter, () => {
    spend(frame, listBase + 2)
    items.push(body(frame))
  })
  return new ListValue(items)
}

const loops: { readonly [macro in Exclude<ComprehensionExpr['macro'], 'optMap' | 'optFlatMap'>]: Loop } = {
  all: quantifier(false, 3),
  exists: quantifier(true, 4),
  existsOne(frame, steps, bind, body) {
    let count = 0
    for (const step of steps) {
      bind(step)
      spend(frame, 1)
      if (truth(body(frame))) count++
    }
    spend(frame, 2)
    return count === 1
  },
  filter(frame, steps, bind, body) {
    spend(frame, listBase)
    const items: CelValue[] = []
    gather(frame, steps, bind, body, ([item]) => {
      spend(frame, listBase + 3)
      items.push(item)
    })
    return new ListValue(items)
  },
  map: mapped,
  transformList: mapped,
  transformMap(frame, steps, bind, body, filter) {
    spend(frame, mapBase)
    const map = new EntryMap()
    gather(frame, steps, bind, filter, ([key]) => {
      spend(frame, 2)
      map.set(key, body(frame))
    })
    return map
  },
  transformMapEntry(frame, steps, bind, body, filter) {
    spend(frame, mapBase)
    const entries: (readonly [CelValue, CelValue])[] = []
    gather(frame, steps, bind, filter, () => {
      spend(frame, 2)
      const made = body(frame)
      if (!(made instanceof MapValue)) throw new CelError('no such overload')
      for (const key of made.keys()) entries.push([key, made.get(key) ?? null])
    })
    return mergedEntries(entries)
  },
}

function optional({ macro }: ComprehensionExpr, range: Run, body: Run, slot: number): Run {
  return frame => {
    const over = range(frame)
    spend(frame, 2)
    if (!(over instanceof Optional)) throw new CelError('no such overload')
    if (over.value === undefined) return none
    frame.locals[slot] = over.value
    const value = body(frame)
    return macro === 'optMap' ? new Optional(value) : value
  }
}
