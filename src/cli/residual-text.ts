const day = 24 * 3_600_000

/** How long something lasts that ends in so many ms, in the largest unit: `364d`. */
export function residualText(ms: number): string {
  if (ms <= 0) return 'expired'
  for (const [unit, length] of [
    ['y', 365 * day],
    ['d', day],
    ['h', day / 24],
    ['m', day / 1440],
  ] as const)
    if (ms >= length) return `${Math.floor(ms / length)}${unit}`
  return `${Math.floor(ms / 1000)}s`
}
