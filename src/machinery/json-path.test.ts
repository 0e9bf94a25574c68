import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { JsonPathError, parseJsonPath } from './json-path.js'

const object = {
  metadata: { annotations: { 'a.b/c': 'x' } },
  spec: { replicas: 3, list: [{ n: 'a', v: 1 }, { n: 'b', v: 2 }, { n: 'c' }] },
  status: { conditions: [{ type: 'Ready', status: 'True' }] },
}

describe('paths into JSON', () => {
  const cases: readonly (readonly [string, readonly unknown[]])[] = [
    ['.spec.replicas', [3]],
    ['$.spec.replicas', [3]],
    ['.spec.none.deeper', []],
    ['.spec.constructor', []],
    ['.spec.list[*].n', ['a', 'b', 'c']],
    ['.spec.list[1].v', [2]],
    ['.spec.list[-1].n', ['c']],
    ['.spec.list[0:2].n', ['a', 'b']],
    ['.spec.list[::2].n', ['a', 'c']],
    ['.metadata.annotations.a\\.b/c', ['x']],
    [".metadata.annotations['a.b/c']", ['x']],
    ['.status.conditions[?(@.type=="Ready")].status', ['True']],
    ['.spec.list[?(@.v>1)].n', ['b']],
    ['.spec.list[?(@.v)].n', ['a', 'b']],
    ['..n', ['a', 'b', 'c']],
    [".spec['replicas','list'][0].n", ['a']],
  ]
  for (const [path, expected] of cases) it(path, () => assert.deepEqual(parseJsonPath(path).find(object), expected))

  for (const path of ['spec', '.a[', '.a[x]', '.a b', '.a[?(b==1)]', '.{}'])
    it(`refuses ${path}`, () => assert.throws(() => parseJsonPath(path), JsonPathError))
})
