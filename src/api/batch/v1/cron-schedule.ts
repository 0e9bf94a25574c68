interface Bounds {
  readonly low: number
  readonly high: number
  readonly names?: readonly string[]
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

const fields: readonly Bounds[] = [
  { low: 0, high: 59 },
  { low: 0, high: 23 },
  { low: 1, high: 31 },
  { low: 1, high: 12, names: months },
  { low: 0, high: 6, names: days },
]

const descriptors = new Set(['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly'])
const duration = /^[+-]?(\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)((\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))*$/

/** What is wrong with a schedule of a cron job (https://en.wikipedia.org/wiki/Cron), undefined if it is fine. */
export function scheduleFault(schedule: string): string | undefined {
  if (schedule === '') return 'empty spec string'
  const [, zone, rest] = /^(?:CRON_)?TZ=(\S*)(.*)$/.exec(schedule) ?? []
  if (zone !== undefined && !isTimeZone(zone)) return `provided bad location ${zone}: unknown time zone ${zone}`
  const text = rest === undefined ? schedule : rest.trim()
  if (text.startsWith('@')) {
    if (descriptors.has(text)) return undefined
    const every = /^@every (.*)$/.exec(text)?.[1]
    if (every === undefined) return `unrecognized descriptor: ${schedule}`
    return duration.test(every)
      ? undefined
      : `failed to parse duration ${schedule}: time: invalid duration ${JSON.stringify(every)}`
  }
  const parts = text.split(/\s+/).filter(Boolean)
  if (parts.length !== fields.length)
    return `expected exactly ${fields.length} fields, found ${parts.length}: [${parts.join(' ')}]`
  for (const [i, bounds] of fields.entries()) {
    const fault = fieldFault(parts[i] ?? '', bounds)
    if (fault) return fault
  }
  return undefined
}

function fieldFault(field: string, bounds: Bounds): string | undefined {
  for (const range of field.split(',').filter(part => part !== '')) {
    const fault = rangeFault(range, bounds)
    if (fault) return fault
  }
  return undefined
}

/** `*`, `?`, `5`, `1-5`, with or without a step behind a slash. */
function rangeFault(range: string, bounds: Bounds): string | undefined {
  const [span = '', step, ...moreSteps] = range.split('/')
  const [first = '', last, ...moreEnds] = span.split('-')
  const isStar = first === '*' || first === '?'
  const low = isStar ? bounds.low : numberIn(first, bounds)
  if (typeof low === 'string') return low
  if (!isStar && moreEnds.length > 0) return `too many hyphens: ${range}`
  const end = isStar ? bounds.high : last === undefined ? low : numberIn(last, bounds)
  if (typeof end === 'string') return end
  if (moreSteps.length > 0) return `too many slashes: ${range}`
  const every = step === undefined ? 1 : numberIn(step, {})
  if (typeof every === 'string') return every
  const high = step !== undefined && last === undefined && !isStar ? bounds.high : end
  if (low < bounds.low) return `beginning of range (${low}) below minimum (${bounds.low}): ${range}`
  if (high > bounds.high) return `end of range (${high}) above maximum (${bounds.high}): ${range}`
  if (low > high) return `beginning of range (${low}) beyond end of range (${high}): ${range}`
  return every === 0 ? `step of range should be a positive number: ${range}` : undefined
}

/** The number, or what is wrong with it. */
function numberIn(text: string, { names, low = 0 }: Partial<Bounds>): number | string {
  const name = names?.indexOf(text.toLowerCase()) ?? -1
  if (name >= 0) return name + low
  if (!/^[+-]?\d+$/.test(text))
    return `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`
  const value = Number(text)
  return value < 0 ? `negative number (${value}) not allowed: ${text}` : value
}

/** Whether zones of the world (https://www.iana.org/time-zones) know this name; nothing and `Local` are known as well. */
export function isTimeZone(name: string): boolean {
  if (name === '' || name === 'Local') return true
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}
