import { createHash } from 'node:crypto'

/** Bits of a hash that a hand may be dealt from. */
const hashBits = 60n

/** The 64 bits that stand for a flow: the schema it is of and its distinguisher. */
export function flowHash(schema: string, distinguisher: string): bigint {
  return createHash('sha256').update(schema).update('\0').update(distinguisher).digest().readBigUInt64LE()
}

/**
 * Deals a hand of distinct cards out of a deck, evenly by the hash: two flows seldom get quite the same queues, so that
 * one that is too busy leaves some to the other. https://kubernetes.io/docs/concepts/cluster-administration/flow-control/#queuing
 */
export function dealHand(hash: bigint, deckSize: number, handSize: number): readonly number[] {
  const hand: number[] = []
  let left = hash & ((1n << hashBits) - 1n)
  for (let i = 0; i < handSize; i++) {
    const cards = BigInt(deckSize - i)
    let card = Number(left % cards)
    left /= cards
    // The card-th of those not dealt yet: step over each that has been, lowest first.
    for (const dealt of [...hand].sort((a, b) => a - b)) if (card >= dealt) card++
    hand.push(card)
  }
  return hand
}
