/** Text that is no RFC 3339 time; the message is the one Go's parser would give. */
export class TimeTextError extends Error {
  override readonly name = 'TimeTextError'
}

/** An instant, exact to the nanosecond. */
export interface Instant {
  /** Seconds since 1970 (UTC), whole. */
  readonly seconds: number
  readonly nanos: number
}

/** Go's zero time, 0001-01-01T00:00:00Z: what an unset time is in memory, and what JSON shows as null. */
export const zeroTimeSeconds = -62_135_596_800
const lastSeconds = 253_402_300_799

const date = /\d{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)/
/** What both normal forms look like; of the real dates only 29 February is left to the full parser. */
const canonical = new RegExp(`^${date.source}T(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d{6})?Z$`)

/**
 * Normalises an RFC 3339 time to UTC seconds (`2024-01-01T00:00:00Z`), dropping fractions. Throws `TimeTextError`.
 * The zero time becomes undefined.
 */
export function normaliseTime(text: string): string | undefined {
  if (text.length === 20 && canonical.test(text)) return text.startsWith('0001-01-01T00:00:00') ? undefined : text
  const { seconds } = parseTime(text)
  return seconds === zeroTimeSeconds ? undefined : formatTime(seconds)
}

/** Normalises an RFC 3339 time with exactly six fractional digits to UTC. Throws `TimeTextError`. */
export function normaliseMicroTime(text: string): string | undefined {
  if (text.length === 27 && canonical.test(text))
    return text.startsWith('0001-01-01T00:00:00.000000') ? undefined : text
  const { seconds, nanos } = parseTime(text, 6)
  return seconds === zeroTimeSeconds && nanos === 0 ? undefined : formatMicroTime(seconds, nanos)
}

/** Seconds since 1970 as `2024-01-01T00:00:00Z`. Throws `TimeTextError` outside the years 1 to 9999. */
export function formatTime(seconds: number): string {
  if (!(seconds >= zeroTimeSeconds && seconds <= lastSeconds)) throw new TimeTextError('year outside of range [0,9999]')
  const days = Math.floor(seconds / 86_400)
  const rest = seconds - days * 86_400
  return `${dateOf(days)}T${two(Math.floor(rest / 3600))}:${two(Math.floor(rest / 60) % 60)}:${two(rest % 60)}Z`
}

const two = (value: number) => (value < 10 ? `0${value}` : `${value}`)

let lastDays = Number.NaN
let lastDate = ''

/** The date so many days after 1970-01-01. Times that are read together are mostly of one day. */
function dateOf(days: number): string {
  if (days !== lastDays) {
    lastDate = new Date(days * 86_400_000).toISOString().slice(0, 10)
    lastDays = days
  }
  return lastDate
}

/** As `formatTime`, with six digits of `nanos` (0 to 999,999,999). */
export function formatMicroTime(seconds: number, nanos: number): string {
  const micros = String(Math.floor(nanos / 1000)).padStart(6, '0')
  return `${formatTime(seconds).slice(0, 19)}.${micros}Z`
}

/** Reads text that is already normalised, `time` or `microTime`; anything else goes through the full parser. */
export function instantOf(text: string): Instant {
  const milliseconds = canonical.test(text) ? Date.parse(`${text.slice(0, 19)}Z`) : Number.NaN
  if (Number.isNaN(milliseconds)) return parseTime(text)
  return { seconds: milliseconds / 1000, nanos: text.length === 27 ? Number(text.slice(20, 26)) * 1000 : 0 }
}

const layoutOf = (digits: number) =>
  digits === 0 ? '2006-01-02T15:04:05Z07:00' : `2006-01-02T15:04:05.${'0'.repeat(digits)}Z07:00`

/**
 * Parses RFC 3339. With `fractionDigits` the fraction must have exactly that many digits; without, any number is
 * accepted, none included. Throws `TimeTextError`.
 */
export function parseTime(text: string, fractionDigits = 0): Instant {
  let rest = text
  const cannot = (part: string): never => {
    const layout = layoutOf(fractionDigits)
    throw new TimeTextError(
      `parsing time ${JSON.stringify(text)} as "${layout}": cannot parse ${JSON.stringify(rest)} as "${part}"`,
    )
  }
  const outOfRange = (what: string): never => {
    throw new TimeTextError(`parsing time ${JSON.stringify(text)}: ${what} out of range`)
  }
  const take = (pattern: RegExp, part: string): string => {
    const found = pattern.exec(rest)?.[0] ?? cannot(part)
    rest = rest.slice(found.length)
    return found
  }
  const year = Number(take(/^\d{4}/, '2006'))
  take(/^-/, '-')
  const month = Number(take(/^\d\d/, '01'))
  if (month < 1 || month > 12) outOfRange('month')
  take(/^-/, '-')
  const day = Number(take(/^\d\d/, '02'))
  take(/^T/, 'T')
  const hour = Number(take(/^\d\d?/, '15'))
  if (hour > 23) outOfRange('hour')
  take(/^:/, ':')
  const minute = Number(take(/^\d\d/, '04'))
  if (minute > 59) outOfRange('minute')
  take(/^:/, ':')
  const second = Number(take(/^\d\d/, '05'))
  if (second > 59) outOfRange('second')
  const fraction =
    fractionDigits > 0
      ? take(new RegExp(`^[.,]\\d{${fractionDigits}}`), `.${'0'.repeat(fractionDigits)}`)
      : (/^[.,]\d+/.exec(rest)?.[0] ?? '')
  if (fractionDigits === 0) rest = rest.slice(fraction.length)
  const zone = take(/^(?:Z|[+-]\d\d:\d\d)/, 'Z07:00')
  if (rest !== '') throw new TimeTextError(`parsing time ${JSON.stringify(text)}: extra text: ${JSON.stringify(rest)}`)
  const midnight = new Date(0)
  midnight.setUTCFullYear(year, month - 1, day)
  if (day < 1 || midnight.getUTCDate() !== day) outOfRange('day')
  const offset = offsetOf(zone) ?? outOfRange('time zone offset')
  const seconds = midnight.getTime() / 1000 + hour * 3600 + minute * 60 + second - offset
  return { seconds, nanos: Number(fraction.slice(1, 10).padEnd(9, '0')) }
}

/** Seconds east of UTC, or undefined if out of range. */
function offsetOf(zone: string): number | undefined {
  if (zone === 'Z') return 0
  const hours = Number(zone.slice(1, 3))
  const minutes = Number(zone.slice(4, 6))
  if (hours > 24 || minutes > 59) return undefined
  return (hours * 3600 + minutes * 60) * (zone.startsWith('-') ? -1 : 1)
}
