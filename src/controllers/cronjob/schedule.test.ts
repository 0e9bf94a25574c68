import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { missedTimes, readSchedule } from './schedule.js'

const at = (text: string) => Date.parse(text)

describe('schedules', () => {
  const cases: readonly [string, string | undefined, string][] = [
    ['*/5 * * * *', undefined, '2026-01-01T00:05:00.000Z'],
    ['@hourly', undefined, '2026-01-01T01:00:00.000Z'],
    ['@every 90s', undefined, '2026-01-01T00:01:30.000Z'],
    ['0 9 * * Mon-Fri', 'America/New_York', '2026-01-01T14:00:00.000Z'],
    ['TZ=Europe/Berlin 30 6 * * *', undefined, '2026-01-01T05:30:00.000Z'],
    // Either of day of month and day of week will do.
    ['0 0 13 * 5', undefined, '2026-01-02T00:00:00.000Z'],
  ]
  for (const [text, zone, next] of cases)
    it(`${text} ${zone ?? ''}`, () =>
      assert.equal(new Date(readSchedule(text, zone).next(at('2026-01-01T00:00:00Z')) ?? 0).toISOString(), next))

  it('name what was missed', () => {
    const schedule = readSchedule('*/10 * * * *', undefined)
    const missed = (to: string) => missedTimes(schedule, at('2026-01-01T00:00:00Z'), at(to))
    assert.deepEqual(missed('2026-01-01T00:09:59Z'), { last: undefined, many: false })
    assert.deepEqual(missed('2026-01-01T00:25:00Z'), { last: at('2026-01-01T00:20:00Z'), many: false })
    assert.deepEqual(missed('2026-03-01T00:05:00Z'), { last: at('2026-03-01T00:00:00Z'), many: true })
  })
})
