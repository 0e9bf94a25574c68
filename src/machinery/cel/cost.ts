/** Costs and sizes are counted in doubles and stop at this one: "too much to tell". */
export const unlimited = 2 ** 64

export interface Range {
  readonly min: number
  readonly max: number
}

export const fixed = (value: number): Range => ({ min: value, max: value })
export const zero: Range = fixed(0)
export const one: Range = fixed(1)
export const unknownSize: Range = { min: 0, max: unlimited }

const capped = (value: number): number => Math.min(value, unlimited)

export const plus = (...ranges: readonly Range[]): Range => ({
  min: capped(ranges.reduce((sum, { min }) => sum + min, 0)),
  max: capped(ranges.reduce((sum, { max }) => sum + max, 0)),
})

export const times = (a: Range, b: Range): Range => ({
  min: a.min === 0 || b.min === 0 ? 0 : capped(a.min * b.min),
  max: a.max === 0 || b.max === 0 ? 0 : capped(a.max * b.max),
})

/** By a factor such as 0.1, rounded up. */
const scaled = ({ min, max }: Range, factor: number): Range => ({
  min: capped(Math.ceil(min * factor)),
  max: capped(max >= unlimited ? unlimited : Math.ceil(max * factor)),
})

export const either = (a: Range, b: Range): Range => ({ min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) })

/** Reading a character of text costs a tenth, an expression of a pattern is four characters. */
const perCharacter = 0.1
const perPatternCharacter = 0.25
export const listBase = 10
export const mapBase = 30
export const structBase = 40
/** Asking the authorizer. */
const authorizerCheck = 350_000

/** What a call costs beside its arguments, and how large its result is. Sizes are of the target and arguments. */
export interface CallCost {
  readonly cost: Range
  readonly size?: Range
}

export type CallCosts = (sizes: readonly Range[], itemSize: () => Range | undefined) => CallCost

const traversal = (size: Range | undefined): Range => scaled(size ?? unknownSize, perCharacter)
const whole: CallCosts = ([target]) => ({ cost: traversal(target) })
const sameSize: CallCosts = ([target = unknownSize]) => ({ cost: traversal(target), size: target })
const pattern: CallCosts = ([target = unknownSize, regex = unknownSize]) => ({
  cost: times(scaled(plus(target, one), perCharacter), scaled(regex, perPatternCharacter)),
})
/** Lists are compared item by item, text in them character by character. */
const perItem: CallCosts = ([target = unknownSize], itemSize) => {
  const item = itemSize()
  return { cost: times(target, item ? plus(one, traversal(item)) : one) }
}
const overBoth: CallCosts = ([a = unknownSize, b = unknownSize]) => ({ cost: times(a, b) })
const comparison: CallCosts = ([a = unknownSize, b = unknownSize]) => {
  const max = Math.min(a.max, b.max)
  return { cost: scaled({ min: max > 0 ? 1 : 0, max }, perCharacter) }
}

function replaced([target = unknownSize, part = unknownSize, by = unknownSize]: readonly Range[]): CallCost {
  const cost = traversal(target)
  const longest =
    part.min === 0
      ? capped((target.max + 1) * by.max + target.max)
      : by.max <= part.min
        ? target.max
        : capped(Math.ceil(target.max / part.min) * by.max)
  const shortest = part.max === 0 ? target.min : Math.ceil(target.min / Math.max(part.max, 1)) * by.min
  return { cost, size: { min: Math.min(shortest, target.min), max: Math.max(longest, target.max) } }
}

const joinedText: CallCosts = ([list = unknownSize, separator = zero], itemSize) => {
  const item = itemSize() ?? unknownSize
  const size = plus(times(list, item), times(list, separator))
  return { cost: scaled(size, perCharacter), size }
}

/** Functions that cost more than 1; keyed by name, with the kind of the first argument where it matters. */
const callCosts: { readonly [name: string]: CallCosts } = {
  '_==_': comparison,
  '_!=_': comparison,
  '_<_': comparison,
  '_<=_': comparison,
  '_>_': comparison,
  '_>=_': comparison,
  '_+_:string': ([a = unknownSize, b = unknownSize]) => {
    const size = plus(a, b)
    return { cost: scaled(size, perCharacter), size }
  },
  '_+_:bytes': ([a = unknownSize, b = unknownSize]) => {
    const size = plus(a, b)
    return { cost: scaled(size, perCharacter), size }
  },
  '_+_:list': ([a = unknownSize, b = unknownSize]) => ({ cost: one, size: plus(a, b) }),
  '@in:list': ([, list = unknownSize]) => ({ cost: list }),
  '@in:dyn': ([, list = unknownSize]) => ({ cost: list }),
  startsWith: ([, part]) => ({ cost: traversal(part) }),
  endsWith: ([, part]) => ({ cost: traversal(part) }),
  contains: ([target, part]) => ({ cost: times(traversal(target), traversal(part)) }),
  matches: pattern,
  find: pattern,
  findAll: pattern,
  'bytes:string': ([text = unknownSize]) => ({
    cost: traversal(text),
    size: { min: text.min, max: capped(text.max * 4) },
  }),
  'string:bytes': ([raw = unknownSize]) => ({
    cost: traversal(raw),
    size: { min: Math.floor(raw.min / 4), max: raw.max },
  }),
  format: whole,
  'strings.quote': ([text = unknownSize]) => ({
    cost: traversal(text),
    size: { min: text.min + 2, max: capped(text.max * 2 + 2) },
  }),
  isSorted: perItem,
  sum: perItem,
  min: perItem,
  max: perItem,
  'indexOf:list': perItem,
  'lastIndexOf:list': perItem,
  'indexOf:string': whole,
  'lastIndexOf:string': whole,
  url: whole,
  isURL: whole,
  lowerAscii: sameSize,
  upperAscii: sameSize,
  trim: sameSize,
  reverse: sameSize,
  substring: sameSize,
  replace: replaced,
  split: ([target = unknownSize]) => ({ cost: traversal(target), size: { min: 0, max: target.max } }),
  join: joinedText,
  'jsonpatch.escapeKey': ([text = unknownSize]) => ({
    cost: traversal(text),
    size: { min: text.min, max: capped(text.max * 2) },
  }),
  ip: whole,
  isIP: whole,
  'ip.isCanonical': ([text]) => ({ cost: scaled(text ?? unknownSize, 2 * perCharacter) }),
  cidr: whole,
  isCIDR: whole,
  'containsIP:string': ([, text]) => ({ cost: traversal(text) }),
  quantity: whole,
  isQuantity: whole,
  semver: whole,
  isSemver: whole,
  validate: ([, text = unknownSize]) => ({ cost: scaled(plus(text, one), 0.5) }),
  'sets.contains': overBoth,
  'sets.intersects': overBoth,
  'sets.equivalent': ([a = unknownSize, b = unknownSize]) => ({ cost: scaled(times(a, b), 2) }),
  check: () => ({ cost: fixed(authorizerCheck) }),
}

/** The rule for a call; undefined if it just costs 1. `kinds` are those of the target and arguments. */
export function callCostOf(name: string, kinds: readonly string[]): CallCosts | undefined {
  const kind = name === '@in' ? kinds[1] : name === 'containsIP' ? kinds[1] : kinds[0]
  const key = `${name}:${kind}`
  if (Object.hasOwn(callCosts, key)) return callCosts[key]
  return Object.hasOwn(callCosts, name) ? callCosts[name] : undefined
}
