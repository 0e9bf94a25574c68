import type { NftChain, NftSet, Ruleset } from './ruleset.js'

/** What a table holds. */
export interface Table {
  /** Undefined: all that is known of the chain is that it is there. */
  readonly chains: ReadonlyMap<string, NftChain | undefined>
  /** An empty declaration: all that is known of the set is that it is there. */
  readonly sets: ReadonlyMap<string, NftSet>
}

/** A table of which nothing is there yet. */
export const emptyTable: Table = { chains: new Map(), sets: new Map() }

/** Elements per command: nft reads long lines slowly. */
const batch = 500

/**
 * The script that turns `present` into `wanted` in one transaction; '' if they are the same. Chains and sets that are
 * not wanted any more are emptied but left in place: see `removalScript`. Elements that the kernel added stay.
 */
export function updateScript(present: Table, wanted: Ruleset): string {
  const at = `${wanted.family} ${wanted.table}`
  // In this order nothing refers to what is not there yet.
  const declarations: string[] = []
  const removals: string[] = []
  const contents: string[] = []
  for (const [name, chain] of wanted.chains) {
    const old = present.chains.get(name)
    // Declaring once more does nothing, or fails if what is there is something else.
    if (!old) declarations.push(`add chain ${at} ${name}${chain.hook ? ` { ${chain.hook} }` : ''}`)
    else if (old === chain || sameRules(old.rules, chain.rules)) continue
    if (present.chains.has(name)) contents.push(`flush chain ${at} ${name}`)
    for (const rule of chain.rules) contents.push(`add rule ${at} ${name} ${rule}`)
  }
  for (const [name, old] of present.chains) {
    if (!wanted.chains.has(name) && (!old || old.rules.length)) contents.push(`flush chain ${at} ${name}`)
  }
  for (const [name, set] of wanted.sets) {
    const old = present.sets.get(name)
    if (!old?.declaration) declarations.push(`add ${set.kind} ${at} ${name} { ${set.declaration} }`)
    if (!set.elements) continue
    if (old && !old.elements) removals.push(`flush ${set.kind} ${at} ${name}`)
    const { gone, added } = compare(old?.elements ?? noElements, set.elements)
    for (const some of batches(gone)) removals.push(`delete element ${at} ${name} { ${some.join(', ')} }`)
    for (const some of batches(added)) contents.push(`add element ${at} ${name} { ${some.join(', ')} }`)
  }
  return script([...declarations, ...removals, ...contents])
}

/**
 * The script that deletes what `present` has and `wanted` does not. It is run by itself after an update: some kernels
 * count what the transaction itself took away from a chain as still in use.
 */
export function removalScript(present: Table, wanted: Ruleset): string {
  const at = `${wanted.family} ${wanted.table}`
  const commands: string[] = []
  for (const name of present.chains.keys()) if (!wanted.chains.has(name)) commands.push(`delete chain ${at} ${name}`)
  for (const [name, { kind }] of present.sets) if (!wanted.sets.has(name)) commands.push(`delete ${kind} ${at} ${name}`)
  return script(commands)
}

/** The script that makes the table anew, whatever it held, in one transaction. */
export function replaceScript(wanted: Ruleset): string {
  const at = `${wanted.family} ${wanted.table}`
  return `add table ${at}\ndelete table ${at}\nadd table ${at}\n${updateScript(emptyTable, wanted)}`
}

/** What the table holds after an update: what was wanted, and emptied, what was not. */
export function afterUpdate(present: Table, wanted: Ruleset): Table {
  const chains = new Map<string, NftChain | undefined>(wanted.chains)
  const sets = new Map(wanted.sets)
  for (const name of present.chains.keys()) if (!wanted.chains.has(name)) chains.set(name, { rules: [] })
  for (const [name, set] of present.sets) if (!wanted.sets.has(name)) sets.set(name, set)
  return { chains, sets }
}

/** The names in what `nft list table` prints. */
export function tableOf(listing: string): Table {
  const chains = new Map<string, undefined>()
  const sets = new Map<string, NftSet>()
  for (const [, kind, name = ''] of listing.matchAll(/^\t(chain|set|map) (\S+) \{/gm)) {
    if (kind === 'chain') chains.set(name, undefined)
    else sets.set(name, { kind: kind === 'map' ? 'map' : 'set', declaration: '' })
  }
  return { chains, sets }
}

const noElements: ReadonlyMap<string, string> = new Map()

const script = (commands: readonly string[]): string => (commands.length ? `${commands.join('\n')}\n` : '')

const sameRules = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((rule, index) => rule === b[index])

function compare(old: ReadonlyMap<string, string>, wanted: ReadonlyMap<string, string>) {
  const gone: string[] = []
  const added: string[] = []
  for (const [element, value] of old) if (wanted.get(element) !== value) gone.push(element)
  for (const [element, value] of wanted)
    if (old.get(element) !== value) added.push(value ? `${element} : ${value}` : element)
  return { gone, added }
}

function* batches(elements: readonly string[]): Iterable<readonly string[]> {
  for (let at = 0; at < elements.length; at += batch) yield elements.slice(at, at + batch)
}
