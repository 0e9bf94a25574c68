/** A count, or a share such as `25%`. */
export type IntOrString = number | string

const percent = /^([0-9]+)%$/

/** The number before the `%`, undefined for a plain count or any other text: `'5'` is neither a count nor a share. */
export function percentOf(value: IntOrString): number | undefined {
  const match = typeof value === 'string' ? percent.exec(value) : null
  return match?.[1] === undefined ? undefined : Number(match[1])
}

/**
 * The count that `value` stands for: itself, or its share of `total`, rounded up or down. Throws on a text that is
 * no percentage.
 */
export function scaledValue(value: IntOrString, total: number, roundUp: boolean): number {
  if (typeof value === 'number') return value
  const share = percentOf(value)
  if (share === undefined) {
    throw new Error('invalid value for IntOrString: invalid type: string is not a percentage')
  }
  const exact = (share * total) / 100
  return roundUp ? Math.ceil(exact) : Math.floor(exact)
}
