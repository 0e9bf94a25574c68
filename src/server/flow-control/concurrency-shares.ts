/** What a priority level is promised, in seats. */
export interface SeatLimits {
  /** Its part of the server by its shares. */
  readonly nominal: number
  /** What it keeps when others borrow. */
  readonly minimum: number
  /** What it has at most when it borrows itself. */
  readonly maximum: number
}

/** The shares of a priority level, as its configuration says. Percentages are of its nominal seats. */
export interface Shares {
  readonly nominalShares: number
  readonly lendablePercent: number
  /** No limit but the server's when absent. */
  readonly borrowingLimitPercent?: number | undefined
}

/** Divides the server's seats by the shares. */
export function seatLimits<K>(serverSeats: number, levels: ReadonlyMap<K, Shares>): Map<K, SeatLimits> {
  let sum = 0
  for (const { nominalShares } of levels.values()) sum += nominalShares
  const limits = new Map<K, SeatLimits>()
  for (const [key, { nominalShares, lendablePercent, borrowingLimitPercent }] of levels) {
    const nominal = sum === 0 ? 0 : Math.ceil((serverSeats * nominalShares) / sum)
    const lendable = Math.round((nominal * lendablePercent) / 100)
    const borrowing =
      borrowingLimitPercent === undefined ? serverSeats : Math.round((nominal * borrowingLimitPercent) / 100)
    limits.set(key, { nominal, minimum: nominal - lendable, maximum: nominal + borrowing })
  }
  return limits
}

/** Bounds of what somebody gets, and what it would like. */
export interface Claim {
  readonly lower: number
  readonly upper: number
  readonly target: number
}

export interface Allocation {
  readonly amounts: readonly number[]
  /** What each target was multiplied by, within bounds. */
  readonly fairFraction: number
}

/**
 * Divides `total` so that all get the same fraction of what they would like, as far as their bounds allow. Somebody
 * always gets at least the lower bound, even if they add up to more.
 */
export function divideFairly(total: number, claims: readonly Claim[]): Allocation {
  const amountsAt = (fraction: number) =>
    claims.map(({ lower, upper, target }) =>
      Math.max(lower, Math.min(upper, fraction * Math.max(target, tiny * total))),
    )
  const sumAt = (fraction: number) => amountsAt(fraction).reduce((sum, amount) => sum + amount, 0)
  const lowest = claims.reduce((sum, { lower }) => sum + lower, 0)
  if (claims.length === 0 || lowest >= total) return { amounts: claims.map(({ lower }) => lower), fairFraction: 0 }
  const highest = claims.reduce((sum, { lower, upper }) => sum + Math.max(lower, upper), 0)
  if (highest <= total) {
    return { amounts: claims.map(({ lower, upper }) => Math.max(lower, upper)), fairFraction: Number.MAX_VALUE }
  }
  // The sum grows with the fraction, in straight lines between the points where a claim meets a bound.
  const corners = claims
    .flatMap(({ lower, upper, target }) => [lower, upper].map(bound => bound / Math.max(target, tiny * total)))
    .sort((a, b) => a - b)
  let [low, high] = [0, corners.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if (sumAt(corners[middle] as number) < total) low = middle + 1
    else high = middle
  }
  const above = corners[low] as number
  const below = corners[low - 1] ?? 0
  const sumBelow = sumAt(below)
  const rise = sumAt(above) - sumBelow
  const fairFraction = rise > 0 ? below + ((total - sumBelow) / rise) * (above - below) : above
  return { amounts: amountsAt(fairFraction), fairFraction }
}

/** Who wants nothing counts as wanting this part of everything, so that what is left over is divided, too. */
const tiny = 1e-7
