import { dayOfYear, localTime } from '../time.js'
import type { Duration, Timestamp } from '../values.js'
import { declare, type Signatures } from './declare.js'

const parts: { readonly [name: string]: (date: Date) => number } = {
  getFullYear: date => date.getUTCFullYear(),
  getMonth: date => date.getUTCMonth(),
  getDayOfYear: dayOfYear,
  getDayOfMonth: date => date.getUTCDate() - 1,
  getDate: date => date.getUTCDate(),
  getDayOfWeek: date => date.getUTCDay(),
  getHours: date => date.getUTCHours(),
  getMinutes: date => date.getUTCMinutes(),
  getSeconds: date => date.getUTCSeconds(),
  getMilliseconds: date => date.getUTCMilliseconds(),
}

const accessors: Signatures = Object.fromEntries(
  Object.entries(parts).flatMap(([name, part]) => [
    [`timestamp.${name}(): int`, (time: Timestamp) => BigInt(part(localTime(time, undefined)))],
    [`timestamp.${name}(string): int`, (time: Timestamp, zone: string) => BigInt(part(localTime(time, zone)))],
  ]),
)

export const dateFunctions = declare({
  ...accessors,
  'duration.getHours(): int': ({ nanos }: Duration) => nanos / 3_600_000_000_000n,
  'duration.getMinutes(): int': ({ nanos }: Duration) => nanos / 60_000_000_000n,
  'duration.getSeconds(): int': ({ nanos }: Duration) => nanos / 1_000_000_000n,
  'duration.getMilliseconds(): int': ({ nanos }: Duration) => (nanos / 1_000_000n) % 1000n,
})
