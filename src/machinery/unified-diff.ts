/**
 * The difference of two texts as `diff -u` shows it, with three lines around each change and without names of files; ''
 * when they are equal. Of several ways to tell it, the one with the longest equal blocks is taken, as Python's difflib
 * and its ports do: messages of upstream show what they find.
 */
export function unifiedDiff(before: string, after: string): string {
  const first = before.split('\n')
  const second = after.split('\n')
  let out = ''
  for (const group of groups(changes(first, second))) {
    const start = group[0]
    const end = group[group.length - 1]
    if (!start || !end) continue
    out += `@@ -${range(start.aFrom, end.aTo)} +${range(start.bFrom, end.bTo)} @@\n`
    for (const { equal, aFrom, aTo, bFrom, bTo } of group) {
      for (const line of first.slice(aFrom, aTo)) out += `${equal ? ' ' : '-'}${line}\n`
      if (!equal) for (const line of second.slice(bFrom, bTo)) out += `+${line}\n`
    }
  }
  return out
}

/** Lines around a change. */
const around = 3
/** From here on the search for the longest blocks takes too long; all between the first and the last change is one. */
const mostLines = 4000

/** Equal lines of both texts, one after another. */
interface Block {
  readonly a: number
  readonly b: number
  readonly size: number
}

/** A stretch of both texts that is equal, or that became another. */
interface Stretch {
  readonly equal: boolean
  readonly aFrom: number
  readonly aTo: number
  readonly bFrom: number
  readonly bTo: number
}

function range(from: number, to: number): string {
  const length = to - from
  if (length === 1) return String(from + 1)
  return `${length === 0 ? from : from + 1},${length}`
}

function changes(first: readonly string[], second: readonly string[]): Stretch[] {
  const blocks = first.length + second.length > mostLines ? ends(first, second) : commonBlocks(first, second)
  const out: Stretch[] = []
  let a = 0
  let b = 0
  for (const block of [...blocks, { a: first.length, b: second.length, size: 0 }]) {
    if (a < block.a || b < block.b) out.push({ equal: false, aFrom: a, aTo: block.a, bFrom: b, bTo: block.b })
    a = block.a + block.size
    b = block.b + block.size
    if (block.size > 0) out.push({ equal: true, aFrom: block.a, aTo: a, bFrom: block.b, bTo: b })
  }
  return out
}

/** Changes that are near each other together, each group with what is around it. */
function groups(stretches: readonly Stretch[]): Stretch[][] {
  const out: Stretch[][] = []
  let group: Stretch[] = []
  stretches.forEach((stretch, i) => {
    if (!stretch.equal) {
      group.push(stretch)
      return
    }
    const { aFrom, aTo, bFrom, bTo } = stretch
    const head = Math.min(around, aTo - aFrom)
    const before = { equal: true, aFrom: aTo - head, aTo, bFrom: bTo - head, bTo }
    const after = { equal: true, aFrom, aTo: aFrom + head, bFrom, bTo: bFrom + head }
    if (i === 0) group.push(before)
    else if (i === stretches.length - 1) group.push(after)
    else if (aTo - aFrom <= 2 * around) group.push(stretch)
    else {
      out.push([...group, after])
      group = [before]
    }
  })
  if (group.some(({ equal }) => !equal)) out.push(group)
  return out
}

/** What both texts begin and end with. */
function ends(first: readonly string[], second: readonly string[]): Block[] {
  const most = Math.min(first.length, second.length)
  let head = 0
  while (head < most && first[head] === second[head]) head++
  let tail = 0
  while (tail < most - head && first[first.length - 1 - tail] === second[second.length - 1 - tail]) tail++
  const blocks = [
    { a: 0, b: 0, size: head },
    { a: first.length - tail, b: second.length - tail, size: tail },
  ]
  return blocks.filter(({ size }) => size > 0)
}

/** The longest block of equal lines, then the longest before and after it, and so on; neighbours joined. */
function commonBlocks(first: readonly string[], second: readonly string[]): Block[] {
  const places = placesOf(second)
  const found: Block[] = []
  const open: (readonly [number, number, number, number])[] = [[0, first.length, 0, second.length]]
  for (let next = open.pop(); next; next = open.pop()) {
    const [aFrom, aTo, bFrom, bTo] = next
    const { a, b, size } = longestBlock(first, second, places, next)
    if (size === 0) continue
    found.push({ a, b, size })
    if (aFrom < a && bFrom < b) open.push([aFrom, a, bFrom, b])
    if (a + size < aTo && b + size < bTo) open.push([a + size, aTo, b + size, bTo])
  }
  found.sort((x, y) => x.a - y.a)
  const joined: Block[] = []
  for (const block of found) {
    const last = joined[joined.length - 1]
    if (last && last.a + last.size === block.a && last.b + last.size === block.b)
      joined[joined.length - 1] = { ...last, size: last.size + block.size }
    else joined.push(block)
  }
  return joined
}

/** Where each line stands. Lines that stand nearly everywhere in a long text say nothing of what belongs together. */
function placesOf(lines: readonly string[]): Map<string, number[]> {
  const places = new Map<string, number[]>()
  lines.forEach((line, i) => {
    const list = places.get(line)
    if (list) list.push(i)
    else places.set(line, [i])
  })
  if (lines.length >= 200) {
    const most = Math.floor(lines.length / 100) + 1
    for (const [line, list] of places) if (list.length > most) places.delete(line)
  }
  return places
}

function longestBlock(
  first: readonly string[],
  second: readonly string[],
  places: ReadonlyMap<string, readonly number[]>,
  [aFrom, aTo, bFrom, bTo]: readonly [number, number, number, number],
): Block {
  let a = aFrom
  let b = bFrom
  let size = 0
  /** How long the block is that ends with the line before, by the place of that line in the second text. */
  let lengths = new Map<number, number>()
  for (let i = aFrom; i < aTo; i++) {
    const next = new Map<number, number>()
    for (const j of places.get(first[i] ?? '') ?? []) {
      if (j < bFrom) continue
      if (j >= bTo) break
      const length = (lengths.get(j - 1) ?? 0) + 1
      next.set(j, length)
      if (length > size) {
        a = i - length + 1
        b = j - length + 1
        size = length
      }
    }
    lengths = next
  }
  // Lines that stand nearly everywhere belong to a block when they are next to it.
  while (a > aFrom && b > bFrom && first[a - 1] === second[b - 1]) {
    a--
    b--
    size++
  }
  while (a + size < aTo && b + size < bTo && first[a + size] === second[b + size]) size++
  return { a, b, size }
}
