/** The code of https://www.rfc-editor.org/rfc/rfc7541#appendix-B. */

/**
 * Lengths of the symbols' codes in bits; the last is the end of a string. The code is canonical: codes of a length follow
 * each other in the order of their symbols, so that their lengths are all there is to know.
 */
// biome-ignore format: as a table
const codeLengths = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
  30,
]
const endOfString = 256

/**
 * What four bits do in a state, 16 entries a state: bits 0 to 7 are the symbol that they complete, bit 8 is set if there
 * is one, the rest is the next state. A state is an inner node of the code's tree; 0 is its root.
 */
const transitions = new Uint32Array(256 * 16)
/** States in which a string may end: all bits behind the last symbol are ones, and fewer than eight. */
const mayEnd = new Uint8Array(256)
const completes = 0x100
/** There is no such code. */
const invalid = 0xffffffff

type Node = [Node | number | undefined, Node | number | undefined]

function tree(): Node {
  const root: Node = [undefined, undefined]
  const inOrder = [...codeLengths.keys()].sort((a, b) => lengthOf(a) - lengthOf(b) || a - b)
  let code = 0
  let length = 0
  for (const symbol of inOrder) {
    code <<= lengthOf(symbol) - length
    length = lengthOf(symbol)
    let node = root
    for (let i = length - 1; i > 0; i--) {
      const bit = ((code >>> i) & 1) as 0 | 1
      let below = node[bit]
      if (!Array.isArray(below)) below = node[bit] = [undefined, undefined]
      node = below
    }
    node[(code & 1) as 0 | 1] = symbol
    code++
  }
  return root
}

const lengthOf = (symbol: number): number => codeLengths[symbol] ?? 0

function fillTables(): void {
  const root = tree()
  const states = new Map<Node, number>([[root, 0]])
  // A map shows what is added to it while one walks along.
  for (const node of states.keys()) for (const below of node) if (Array.isArray(below)) states.set(below, states.size)
  for (const [node, state] of states)
    for (let nibble = 0; nibble < 16; nibble++)
      transitions[state * 16 + nibble] = transition(root, states, node, nibble)
  ready = true
  let node: Node | number | undefined = root
  for (let ones = 0; ones < 8 && Array.isArray(node); ones++) {
    mayEnd[states.get(node) ?? 0] = 1
    node = node[1]
  }
}

function transition(root: Node, states: ReadonlyMap<Node, number>, from: Node, nibble: number): number {
  let node = from
  let symbol: number | undefined
  for (let i = 3; i >= 0; i--) {
    const below = node[((nibble >>> i) & 1) as 0 | 1]
    if (below === undefined || below === endOfString) return invalid
    if (Array.isArray(below)) node = below
    else {
      symbol = below
      node = root
    }
  }
  const next = (states.get(node) ?? 0) << 9
  return symbol === undefined ? next : next | completes | symbol
}

let ready = false

let scratch = Buffer.allocUnsafe(4096)

/** Decodes a string; undefined if it is not well formed. */
export function decodeHuffman(from: Uint8Array, begin: number, end: number): string | undefined {
  // A process that speaks to nobody over HTTP/2 has no use for them.
  if (!ready) fillTables()
  // No code is shorter than five bits.
  const most = Math.ceil(((end - begin) * 8) / 5)
  if (scratch.length < most) scratch = Buffer.allocUnsafe(most)
  let state = 0
  let size = 0
  for (let i = begin; i < end; i++) {
    const byte = from[i] ?? 0
    const high = transitions[state * 16 + (byte >>> 4)] ?? invalid
    if (high === invalid) return undefined
    if ((high & completes) !== 0) scratch[size++] = high
    const low = transitions[(high >>> 9) * 16 + (byte & 15)] ?? invalid
    if (low === invalid) return undefined
    if ((low & completes) !== 0) scratch[size++] = low
    state = low >>> 9
  }
  return mayEnd[state] === 1 ? scratch.toString('latin1', 0, size) : undefined
}
