import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { normaliseBase64 } from './base64-text.js'
import { formatDuration, parseDuration } from './duration-text.js'
import { canonicalQuantity } from './quantity-text.js'
import {
  formatMicroTime,
  formatTime,
  instantOf,
  normaliseMicroTime,
  normaliseTime,
  zeroTimeSeconds,
} from './time-text.js'

const seconds = '2006-01-02T15:04:05Z07:00'
const micros = '2006-01-02T15:04:05.000000Z07:00'

describe('times', () => {
  const good: readonly (readonly [string, string | undefined])[] = [
    ['2024-01-31T23:59:59Z', '2024-01-31T23:59:59Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00Z'],
    ['2024-01-01T00:30:00+01:00', '2023-12-31T23:30:00Z'],
    ['2024-01-01T00:30:00-00:45', '2024-01-01T01:15:00Z'],
    ['2024-01-01T00:00:00.999999999Z', '2024-01-01T00:00:00Z'],
    ['1969-12-31T23:59:59Z', '1969-12-31T23:59:59Z'],
    ['9999-12-31T23:59:59Z', '9999-12-31T23:59:59Z'],
    ['0001-01-01T00:00:00Z', undefined],
    ['0001-01-01T01:00:00+01:00', undefined],
  ]
  for (const [text, expected] of good)
    it(`${text} is ${expected}`, () => {
      assert.equal(normaliseTime(text), expected)
      if (expected) assert.equal(formatTime(instantOf(expected).seconds), expected)
    })

  const bad: readonly (readonly [string, string])[] = [
    ['', `parsing time "" as "${seconds}": cannot parse "" as "2006"`],
    ['2024', `parsing time "2024" as "${seconds}": cannot parse "" as "-"`],
    ['2024-13-01T00:00:00Z', 'parsing time "2024-13-01T00:00:00Z": month out of range'],
    ['2023-02-29T00:00:00Z', 'parsing time "2023-02-29T00:00:00Z": day out of range'],
    ['2024-04-31T00:00:00Z', 'parsing time "2024-04-31T00:00:00Z": day out of range'],
    ['2024-01-01T24:00:00Z', 'parsing time "2024-01-01T24:00:00Z": hour out of range'],
    ['2024-01-01T00:60:00Z', 'parsing time "2024-01-01T00:60:00Z": minute out of range'],
    ['2024-01-01T00:00:60Z', 'parsing time "2024-01-01T00:00:60Z": second out of range'],
    ['2024-01-01 00:00:00Z', `parsing time "2024-01-01 00:00:00Z" as "${seconds}": cannot parse " 00:00:00Z" as "T"`],
    ['2024-01-01T00:00:00', `parsing time "2024-01-01T00:00:00" as "${seconds}": cannot parse "" as "Z07:00"`],
    ['2024-01-01T00:00:00Zx', 'parsing time "2024-01-01T00:00:00Zx": extra text: "x"'],
    ['2024-01-01T00:00:00+99:00', 'parsing time "2024-01-01T00:00:00+99:00": time zone offset out of range'],
  ]
  for (const [text, message] of bad)
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => normaliseTime(text), { name: 'TimeTextError', message })
    })

  it('with microseconds must have all six digits', () => {
    assert.equal(normaliseMicroTime('2024-01-01T00:00:00.000001Z'), '2024-01-01T00:00:00.000001Z')
    assert.equal(normaliseMicroTime('2024-02-29T01:00:00.100000+01:00'), '2024-02-29T00:00:00.100000Z')
    assert.equal(normaliseMicroTime('0001-01-01T00:00:00.000000Z'), undefined)
    const cannot = (text: string, rest: string, part: string) =>
      assert.throws(() => normaliseMicroTime(text), {
        message: `parsing time "${text}" as "${micros}": cannot parse "${rest}" as "${part}"`,
      })
    cannot('2024-01-01T00:00:00Z', 'Z', '.000000')
    cannot('2024-01-01T00:00:00.123Z', '.123Z', '.000000')
    cannot('2024-01-01T00:00:00.1234567Z', '7Z', 'Z07:00')
  })

  it('are written within the years 1 to 9999', () => {
    assert.equal(formatTime(zeroTimeSeconds), '0001-01-01T00:00:00Z')
    assert.equal(formatMicroTime(-1, 999_999_999), '1969-12-31T23:59:59.999999Z')
    for (const outside of [zeroTimeSeconds - 1, 253_402_300_800, Number.NaN, Number.POSITIVE_INFINITY])
      assert.throws(() => formatTime(outside), { name: 'TimeTextError' })
  })
})

describe('durations', () => {
  const good: readonly (readonly [string, string])[] = [
    ['0', '0s'],
    ['1h', '1h0m0s'],
    ['90m', '1h30m0s'],
    ['1h15m30.918s', '1h15m30.918s'],
    ['-1.5s', '-1.5s'],
    ['+5s', '5s'],
    ['.5m', '30s'],
    ['1500ms', '1.5s'],
    ['100us', '100µs'],
    ['1.5µs', '1.5µs'],
    ['999ns', '999ns'],
    ['2562047h47m16.854775807s', '2562047h47m16.854775807s'],
    ['-2562047h47m16.854775808s', '-2562047h47m16.854775808s'],
  ]
  for (const [text, expected] of good)
    it(`${text} is ${expected}`, () => {
      assert.equal(formatDuration(parseDuration(text)), expected)
    })
  for (const text of ['', '-', '1', 's', '.s', '1d', '1 s', '1s ', '2562047h47m16.854775808s', '1'.repeat(99), 'h1'])
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseDuration(text), { message: `time: invalid duration ${JSON.stringify(text)}` })
    })
})

describe('quantities', () => {
  const good: readonly (readonly [string, string])[] = [
    ['0', '0'],
    ['1', '1'],
    ['-1.5', '-1500m'],
    ['+.5', '500m'],
    ['1.', '1'],
    ['100m', '100m'],
    ['1Ki', '1Ki'],
    ['1024Ki', '1Mi'],
    ['0.5Gi', '512Mi'],
    ['2E', '2E'],
    ['1e3', '1e3'],
    ['1n', '1n'],
    ['5u', '5u'],
    ['1000k', '1M'],
    ['3Ti', '3Ti'],
  ]
  for (const [text, canonical] of good)
    it(`reads ${text}`, () => {
      assert.equal(canonicalQuantity(text), canonical)
    })
  for (const text of ['', 'abc', '1 Gi', '1x', 'Gi', '1mi', '1KiB', '1ee3', '1.2.3', '.'])
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => canonicalQuantity(text), { name: 'QuantityError' })
    })
})

describe('base64', () => {
  const good: readonly (readonly [string, string])[] = [
    ['', ''],
    ['YQ==', 'YQ=='],
    ['YR==', 'YQ=='],
    ['YWI=', 'YWI='],
    ['YW\r\nJj', 'YWJj'],
  ]
  for (const [text, expected] of good)
    it(`${JSON.stringify(text)} is ${expected}`, () => {
      assert.equal(normaliseBase64(text), expected)
    })
  const bad: readonly (readonly [string, number])[] = [
    ['!!', 0],
    ['YQ=x', 3],
    ['YQ==x', 4],
    ['YW_-', 2],
    ['=', 0],
    ['Y===', 1],
  ]
  for (const [text, at] of bad)
    it(`refuses ${text} at ${at}`, () => {
      assert.throws(() => normaliseBase64(text), { message: `illegal base64 data at input byte ${at}` })
    })
  for (const text of ['Y', 'YQ', 'YQ=', 'YWJ', 'YWJjY'])
    it(`refuses ${text}, which is cut short`, () => {
      assert.throws(() => normaliseBase64(text), { name: 'Base64TextError' })
    })
})
