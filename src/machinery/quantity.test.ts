import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  milliQuantity,
  milliValue,
  parseQuantity,
  quantity,
  quantityToNumber,
  quantityValue,
  subtractQuantities,
} from './quantity.js'

describe('canonical form', () => {
  const cases: [string | number, string][] = [
    ['0', '0'],
    ['0.0', '0'],
    ['-0', '0'],
    ['0Gi', '0'],
    ['0e3', '0'],
    ['1', '1'],
    [5, '5'],
    [0.5, '500m'],
    ['007', '7'],
    ['+5', '5'],
    ['-5', '-5'],
    ['100m', '100m'],
    ['1500m', '1500m'],
    ['1000m', '1'],
    ['0.5', '500m'],
    ['.5', '500m'],
    ['1.', '1'],
    ['1.25', '1250m'],
    ['1000', '1k'],
    ['1000000', '1M'],
    ['1500', '1500'],
    ['1500k', '1500k'],
    ['0.001', '1m'],
    ['0.0001', '100u'],
    ['1n', '1n'],
    ['1000n', '1u'],
    ['0.1n', '1n'],
    ['1.0000000001', '1000000001n'],
    ['-0.0000000001', '-1n'],
    ['1Ki', '1Ki'],
    ['0.5Ki', '512'],
    ['1Gi', '1Gi'],
    ['1024Mi', '1Gi'],
    ['1000Mi', '1000Mi'],
    ['1.5Gi', '1536Mi'],
    ['0.5Gi', '512Mi'],
    ['1.1Gi', '1181116006400m'],
    ['-1Gi', '-1Gi'],
    ['-1.5Gi', '-1536Mi'],
    ['1023Ki', '1023Ki'],
    ['0.1Mi', '104857600m'],
    ['0.0001Ki', '102400u'],
    ['1e3', '1e3'],
    ['1E3', '1e3'],
    ['12e6', '12e6'],
    ['1e4', '10e3'],
    ['1e-3', '1e-3'],
    ['100e-3', '100e-3'],
    ['1E', '1E'],
    ['1000E', '1e21'],
    ['1e30', '1e30'],
    ['8Ei', '9223372036854775807'],
    ['7Ei', '7Ei'],
    ['9999999999999999999', '9223372036854775807'],
    ['-9999999999999999999', '-9223372036854775807'],
    ['9223372036854775807', '9223372036854775807'],
    ['000000000000000000000000000001', '1'],
  ]
  for (const [input, expected] of cases) {
    it(`${input} is ${expected}`, () => {
      assert.equal(canonicalQuantity(input), expected)
      assert.equal(formatQuantity(parseQuantity(input)), expected)
    })
  }
})

describe('faults', () => {
  const format = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
  const suffix = "unable to parse quantity's suffix"
  const cases: [string, string][] = [
    ['', format],
    ['abc', format],
    ['1 Gi', format],
    ['1.1.M', format],
    ['1+1.0M', format],
    ['0.1mi', suffix],
    ['0.1am', format],
    ['1i', suffix],
    ['1ki', suffix],
    ['3.01e-', suffix],
    ['1e99999999', suffix],
    ['1constructor', format],
    ['.', 'unable to parse numeric part of quantity'],
    ['Mi', 'unable to parse numeric part of quantity'],
    ['9'.repeat(5000), 'unable to parse numeric part of quantity'],
  ]
  for (const [input, message] of cases) {
    it(JSON.stringify(input.slice(0, 20)), () => assert.throws(() => parseQuantity(input), { message }))
  }
})

describe('arithmetic', () => {
  it('keeps the form of the left side, or of the right if the left is zero', () => {
    assert.equal(formatQuantity(addQuantities('1Gi', '1')), '1073741825')
    assert.equal(formatQuantity(addQuantities('1Gi', '512Mi')), '1536Mi')
    assert.equal(formatQuantity(addQuantities('0', '512Mi')), '512Mi')
    assert.equal(formatQuantity(addQuantities('1', '500m')), '1500m')
    assert.equal(formatQuantity(subtractQuantities('1', '1.5')), '-500m')
  })

  it('compares across forms', () => {
    assert.equal(compareQuantities('1Gi', '1G'), 1)
    assert.equal(compareQuantities('1000m', '1'), 0)
    assert.equal(compareQuantities('1e3', '1k'), 0)
    assert.equal(compareQuantities('-1', '0'), -1)
  })

  it('is that of big integers', () => {
    const amount = fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n })
    const form = fc.constantFrom('DecimalSI' as const, 'DecimalExponent' as const, 'BinarySI' as const)
    fc.assert(
      fc.property(amount, amount, form, (a, b, format) => {
        const left = { nanos: a, format }
        const right = { nanos: b, format }
        assert.equal(addQuantities(left, right).nanos, a + b)
        assert.equal(subtractQuantities(left, right).nanos, a - b)
        assert.equal(compareQuantities(left, right), a < b ? -1 : a > b ? 1 : 0)
        assert.equal(parseQuantity(formatQuantity(left)).nanos, a)
      }),
    )
  })

  it('prints in a form that prints as itself', () => {
    const text = fc
      .tuple(
        fc.constantFrom('', '-', '+'),
        fc.stringMatching(/^[0-9]{1,20}(\.[0-9]{0,12})?$/),
        fc.constantFrom(
          '',
          'n',
          'u',
          'm',
          'k',
          'M',
          'G',
          'T',
          'P',
          'E',
          'Ki',
          'Mi',
          'Gi',
          'Ti',
          'Pi',
          'Ei',
          'e3',
          'E-5',
        ),
      )
      .map(parts => parts.join(''))
    fc.assert(
      fc.property(text, input => {
        const once = canonicalQuantity(input)
        assert.equal(once, formatQuantity(parseQuantity(input)))
        // Beyond the cap of long numbers short ones with an exponent live on, and print longer than they were written.
        if (Math.abs(quantityToNumber(input)) < 2 ** 63) assert.equal(canonicalQuantity(once), once)
      }),
    )
  })
})

describe('numbers', () => {
  it('gives cores and bytes', () => {
    assert.equal(quantityToNumber('100m'), 0.1)
    assert.equal(quantityToNumber('1500m'), 1.5)
    assert.equal(quantityToNumber('1Gi'), 2 ** 30)
    assert.equal(quantityToNumber('1.5Gi'), 1.5 * 2 ** 30)
    assert.equal(quantityToNumber('-0.25'), -0.25)
    assert.equal(quantityToNumber('3n'), 3e-9)
    assert.equal(quantityToNumber(quantity(7)), 7)
  })

  it('rounds away from zero', () => {
    assert.equal(quantityValue('1500m'), 2)
    assert.equal(quantityValue('-1500m'), -2)
    assert.equal(quantityValue('1Ki'), 1024)
    assert.equal(milliValue('100m'), 100)
    assert.equal(milliValue('2'), 2000)
    assert.equal(milliValue('1u'), 1)
    assert.equal(milliValue('0.0015'), 2)
    assert.equal(milliValue(milliQuantity(250)), 250)
  })
})
