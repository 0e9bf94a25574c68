/** Text that is no duration in Go's syntax; the message is the one Go's parser would give. */
export class DurationTextError extends Error {
  override readonly name = 'DurationTextError'
}

const nanosPerUnit: { readonly [unit: string]: bigint } = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
}
const largest = 2n ** 63n - 1n
const part = /(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/y

/** Nanoseconds of a duration such as `1h30m` or `-1.5s`. Throws `DurationTextError`. */
export function parseDuration(text: string): bigint {
  const invalid = () => new DurationTextError(`time: invalid duration ${JSON.stringify(text)}`)
  const negative = text.startsWith('-')
  const magnitude = negative || text.startsWith('+') ? text.slice(1) : text
  if (magnitude === '0') return 0n
  if (magnitude === '') throw invalid()
  let total = 0n
  part.lastIndex = 0
  while (part.lastIndex < magnitude.length) {
    const [, whole = '', fraction = '', unit = ''] = part.exec(magnitude) ?? []
    const scale = nanosPerUnit[unit]
    if (scale === undefined || (whole === '' && fraction === '') || whole.length > 30) throw invalid()
    const kept = fraction.slice(0, 18)
    total += BigInt(whole || '0') * scale + (BigInt(kept || '0') * scale) / 10n ** BigInt(kept.length)
    if (total > (negative ? largest + 1n : largest)) throw invalid()
  }
  return negative ? -total : total
}

/** Nanoseconds in Go's canonical form: `1h30m0s`, `1.5s`, `100ms`, `0s`. */
export function formatDuration(nanos: bigint): string {
  if (nanos === 0n) return '0s'
  const sign = nanos < 0n ? '-' : ''
  const magnitude = nanos < 0n ? -nanos : nanos
  if (magnitude < 1_000n) return `${sign}${magnitude}ns`
  if (magnitude < 1_000_000n) return `${sign}${decimal(magnitude, 3)}µs`
  if (magnitude < 1_000_000_000n) return `${sign}${decimal(magnitude, 6)}ms`
  const hours = magnitude / 3_600_000_000_000n
  const minutes = (magnitude / 60_000_000_000n) % 60n
  const seconds = `${decimal(magnitude % 60_000_000_000n, 9)}s`
  if (hours > 0n) return `${sign}${hours}h${minutes}m${seconds}`
  return minutes > 0n ? `${sign}${minutes}m${seconds}` : `${sign}${seconds}`
}

/** `value / 10^digits` without trailing zeros. */
function decimal(value: bigint, digits: number): string {
  const scale = 10n ** BigInt(digits)
  const fraction = String(value % scale)
    .padStart(digits, '0')
    .replace(/0+$/, '')
  return fraction === '' ? String(value / scale) : `${value / scale}.${fraction}`
}
