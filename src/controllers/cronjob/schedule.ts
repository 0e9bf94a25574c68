import { Cron } from 'croner'
import { parseDuration } from '../../schema/index.js'

/** When a cron job is due: https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax */
export interface Schedule {
  /** The first time after `after`, in ms; undefined if there is none any more. */
  next(after: number): number | undefined
}

/** Reads a schedule. Throws an error that says what is wrong with it. */
export function readSchedule(text: string, timeZone: string | undefined): Schedule {
  const [, zone, rest] = /^(?:CRON_)?TZ=(\S+)\s+(.*)$/.exec(text) ?? []
  const pattern = (rest ?? text).trim()
  const every = /^@every\s+(.*)$/.exec(pattern)?.[1]
  if (every !== undefined) return everyOther(every)
  const cron = new Cron(pattern, { paused: true, timezone: timeZone ?? zone ?? 'UTC' })
  return {
    next: after => cron.nextRun(new Date(after))?.getTime(),
  }
}

/** Whole seconds, at least one. */
function everyOther(text: string): Schedule {
  const nanos = parseDuration(text)
  const step = Math.max(1, Math.floor(Number(nanos) / 1e9)) * 1000
  return { next: after => Math.floor((after + step) / 1000) * 1000 }
}

/** The times that a schedule has named in (from, to]: the last one, and whether there were many. */
export interface Missed {
  readonly last: number | undefined
  /** So many that something is wrong with the clock or the controller. */
  readonly many: boolean
}

const countedMissed = 100

export function missedTimes(schedule: Schedule, from: number, to: number): Missed {
  const first = schedule.next(from)
  if (first === undefined || first > to) return { last: undefined, many: false }
  let last = first
  let count = 1
  for (;;) {
    const next = schedule.next(last)
    if (next === undefined || next > to) return { last, many: count > countedMissed }
    last = next
    if (++count > countedMissed) break
  }
  // Too many to go through one by one: the last one is looked for from the end.
  for (let span = 60_000; ; span *= 2) {
    const start = Math.max(last, to - span)
    let found: number | undefined
    for (let at = schedule.next(start); at !== undefined && at <= to; at = schedule.next(at)) found = at
    if (found !== undefined || start === last) return { last: found ?? last, many: true }
  }
}
