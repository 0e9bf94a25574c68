import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { root } from '../../../machinery/path.js'
import { compileDeviceExpression, validateDeviceExpression } from './device-expressions.js'

/** Every digit with every digit, so often. */
const nested = (depth: number): string =>
  depth === 0 ? 'true' : `[0, 1, 2, 3, 4, 5, 6, 7, 8, 9].all(x${depth}, ${nested(depth - 1)})`

describe('expressions about devices', () => {
  const cases: readonly [string, RegExp | undefined][] = [
    ["device.driver == 'gpu.example.com'", undefined],
    ["device.attributes['gpu.example.com'].model == 'a100'", undefined],
    ["device.capacity['gpu.example.com'].memory.compareTo(quantity('40Gi')) >= 0", undefined],
    ['device.driver', /must evaluate to bool or the unknown type, not string/],
    ['device.color', /undefined field 'color'/],
    ['1 +', /Syntax error/],
    ["device.attributes['gpu.example.com'].all(a, device.attributes['gpu.example.com'].all(b, a != b))", undefined],
    [nested(3), undefined],
    [nested(7), /too complex, exceeds cost limit/],
  ]
  for (const [expression, fault] of cases)
    it(expression, () => {
      const [error] = validateDeviceExpression(expression, root.child('expression'))
      if (fault) assert.match(error?.message ?? '', fault)
      else assert.equal(error, undefined)
    })

  it('can be evaluated', () => {
    const program = compileDeviceExpression("device.driver == 'x'")
    assert.equal(program.evaluate({ device: { driver: 'x' } }).value, true)
  })
})
