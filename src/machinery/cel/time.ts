import { DurationTextError, parseDuration } from '../../schema/duration-text.js'
import { formatTime, parseTime, TimeTextError } from '../../schema/time-text.js'
import { CelError, Duration, Timestamp } from './values.js'

const second = 1_000_000_000n

/** An RFC 3339 time; undefined if it is none. */
export function timestampOf(text: string): Timestamp | undefined {
  try {
    const { seconds, nanos } = parseTime(text)
    return new Timestamp(BigInt(seconds) * second + BigInt(nanos))
  } catch (error) {
    if (error instanceof TimeTextError) return undefined
    throw error
  }
}

/** A duration as Go writes it; undefined if it is none. */
export function durationOf(text: string): Duration | undefined {
  try {
    return new Duration(parseDuration(text))
  } catch (error) {
    if (error instanceof DurationTextError) return undefined
    throw error
  }
}

/** RFC 3339, with as many digits of the fraction as there are. */
export function timestampText({ nanos }: Timestamp): string {
  const [seconds, rest] = floorDivide(nanos)
  const fraction = rest === 0n ? '' : `.${String(rest).padStart(9, '0').replace(/0+$/, '')}`
  return `${formatTime(Number(seconds)).slice(0, -1)}${fraction}Z`
}

/** Seconds, with as many digits of the fraction as there are: `1.5s`. */
export function durationText({ nanos }: Duration): string {
  const magnitude = nanos < 0n ? -nanos : nanos
  const rest = magnitude % second
  const fraction = rest === 0n ? '' : `.${String(rest).padStart(9, '0').replace(/0+$/, '')}`
  return `${nanos < 0n ? '-' : ''}${magnitude / second}${fraction}s`
}

function floorDivide(nanos: bigint): readonly [bigint, bigint] {
  const rest = ((nanos % second) + second) % second
  return [(nanos - rest) / second, rest]
}

/** Whole seconds since 1970. */
export const unixSeconds = ({ nanos }: Timestamp): bigint => floorDivide(nanos)[0]

const largest = 2n ** 63n - 1n

export function checkedDuration(nanos: bigint): Duration {
  if (nanos > largest || nanos < -largest - 1n) throw new CelError('duration overflow')
  return new Duration(nanos)
}

const least = -62_135_596_800n * second
const last = 253_402_300_800n * second

export function checkedTimestamp(nanos: bigint): Timestamp {
  if (nanos < least || nanos >= last) throw new CelError('timestamp overflow')
  return new Timestamp(nanos)
}

/** The clock in a time zone: a name (`Europe/Berlin`) or an offset (`-08:00`). */
export function localTime(time: Timestamp, zone: string | undefined): Date {
  const milliseconds = Number(time.nanos / 1_000_000n)
  if (zone === undefined || zone === 'UTC' || zone === '') return new Date(milliseconds)
  const offset = /^([+-]?)(\d\d):(\d\d)$/.exec(zone)
  if (offset) {
    const minutes = Number(offset[2]) * 60 + Number(offset[3])
    return new Date(milliseconds + (offset[1] === '-' ? -1 : 1) * minutes * 60_000)
  }
  try {
    const parts = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    }).formatToParts(milliseconds)
    const part = (type: string): number => Number(parts.find(found => found.type === type)?.value)
    const whole = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'))
    return new Date(whole + (((milliseconds % 1000) + 1000) % 1000))
  } catch {
    throw new CelError(`unknown time zone ${zone}`)
  }
}

/** Days since the beginning of the year, from 0. */
export const dayOfYear = (date: Date): number =>
  Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000)
