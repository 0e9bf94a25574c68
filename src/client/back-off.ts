/** How long to wait before another try, in milliseconds. */
export interface BackOffRange {
  readonly initial: number
  readonly maximum: number
}

/**
 * The wait after `failures` failures in a row (1 after the first): doubled every time, up to the maximum, and shortened
 * by up to a fifth at random so that those who failed together do not return together.
 */
export function backOff(failures: number, { initial, maximum }: BackOffRange, random: () => number): number {
  const exact = Math.min(maximum, initial * 2 ** Math.min(Math.max(failures, 1) - 1, 62))
  return exact * (1 - random() / 5)
}
