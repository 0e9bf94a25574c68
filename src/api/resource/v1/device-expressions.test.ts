import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { root } from '../../../machinery/path.js'
import { compileDeviceExpression, validateDeviceExpression } from './device-expressions.js'

describe('expressions about devices', () => {
  const cases: readonly [string, RegExp | undefined][] = [
    ["device.driver == 'gpu.example.com'", undefined],
    ["device.attributes['gpu.example.com'].model == 'a100'", undefined],
    ["device.capacity['gpu.example.com'].memory.compareTo(quantity('40Gi')) >= 0", undefined],
    ['device.driver', /must evaluate to bool or the unknown type, not string/],
    ['device.color', /undefined field 'color'/],
    ['1 +', /Syntax error/],
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
