import { goJson } from '../machinery/go-format.js'
import { jsonEqual } from '../machinery/json-equal.js'

/**
 * What changed between two values, one line for each field: `-` what it was, `+` what it is. Goes into messages that
 * refuse a change.
 */
export function objectDiff(before: unknown, after: unknown): string {
  const lines: string[] = []
  collect(before, after, '', lines)
  return lines.join('\n')
}

function collect(before: unknown, after: unknown, path: string, lines: string[]): void {
  if (jsonEqual(before, after)) return
  if (isPlain(before) && isPlain(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)]))
      collect(before[key], after[key], path ? `${path}.${key}` : key, lines)
    return
  }
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    before.forEach((item, i) => {
      collect(item, after[i], `${path}[${i}]`, lines)
    })
    return
  }
  if (before !== undefined) lines.push(`- ${path}: ${goJson(before)}`)
  if (after !== undefined) lines.push(`+ ${path}: ${goJson(after)}`)
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
