import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  canonicalFieldSet,
  difference,
  type FieldSet,
  FieldSetBuilder,
  intersection,
  intersects,
  leaf,
  pathsOf,
  union,
  without,
} from './field-set.js'
import { fieldsText } from './field-set-builder.js'

const paths = fc.uniqueArray(
  fc
    .array(fc.constantFrom('f:a', 'f:b', 'k:{"name":"c"}', 'v:"x"'), { minLength: 1, maxLength: 4 })
    .map(p => p.join(' ')),
  { maxLength: 12 },
)

function setOf(members: readonly string[]): FieldSet | undefined {
  const build = (prefix: string, depth: number): FieldSet | undefined => {
    if (depth > 4) return undefined
    const builder = new FieldSetBuilder()
    for (const element of ['v:"x"', 'k:{"name":"c"}', 'f:b', 'f:a']) {
      const child = build(prefix ? `${prefix} ${element}` : element, depth + 1)
      if (child) builder.add(element, child)
    }
    return builder.build(members.includes(prefix))
  }
  return build('', 0)
}

const textOf = (members: readonly string[]): string[] => pathsOf(setOf(members)).sort()

describe('the algebra of sets', () => {
  it('is that of sets of paths', () => {
    fc.assert(
      fc.property(paths, paths, (a, b) => {
        const [left, right] = [setOf(a), setOf(b)]
        assert.deepEqual(union(left, right), setOf([...new Set([...a, ...b])]))
        assert.deepEqual(difference(left, right), setOf(a.filter(path => !b.includes(path))))
        assert.deepEqual(intersection(left, right), setOf(a.filter(path => b.includes(path))))
        assert.equal(
          intersects(left, right),
          a.some(path => b.includes(path)),
        )
        const kept = a.filter(path => !b.some(above => path === above || path.startsWith(`${above} `)))
        assert.deepEqual(without(left, right), setOf(kept))
      }),
    )
  })

  it('has one set of those built alike, however large, and writes it as JSON', () => {
    const build = (count: number) => {
      const builder = new FieldSetBuilder()
      for (let i = 0; i < count; i++) builder.add(`f:${(i * 7) % count}`, leaf)
      return builder.build(true)
    }
    assert.equal(build(40), build(40))
    assert.notEqual(build(40), build(41))
    assert.deepEqual(build(100), build(100))
    for (const set of [build(40), build(40), build(100), leaf])
      assert.equal(set && fieldsText(set), JSON.stringify(set))
    assert.deepEqual(Object.keys(build(100) ?? {}), ['.', ...Array.from({ length: 100 }, (_, i) => `f:${i}`).sort()])
  })

  it('shares what does not change', () => {
    const set = setOf(['f:a f:b', 'f:b'])
    assert.equal(union(set, setOf(['f:b'])), set)
    assert.equal(difference(set, setOf(['f:a'])), set)
    assert.equal(without(set, setOf(['f:b f:a'])), set)
  })

  it('keeps elements in order', () => {
    fc.assert(
      fc.property(paths, paths, (a, b) => {
        const set = union(setOf(a), setOf(b))
        if (set) assert.equal(canonicalFieldSet(set), set)
        assert.deepEqual(pathsOf(set).sort(), textOf([...new Set([...a, ...b])]))
      }),
    )
  })
})

it('prints paths as conflicts do', () => {
  const set = {
    'f:spec': {
      'f:containers': { 'k:{"name":"c","port":80}': { '.': leaf, 'f:image': leaf } },
      'f:finalizers': { 'v:"x"': leaf },
      'f:l': { 'i:0': leaf },
    },
  }
  assert.deepEqual(pathsOf(set), [
    '.spec.containers[name="c",port=80]',
    '.spec.containers[name="c",port=80].image',
    '.spec.finalizers[="x"]',
    '.spec.l[0]',
  ])
})

describe('sets from outside', () => {
  it('are brought into canonical form', () => {
    const canonical = canonicalFieldSet({ 'k:{"b":1, "a":2}': {}, 'f:x': { 'f:z': {}, '.': {}, 'f:y': {} } })
    assert.equal(JSON.stringify(canonical), '{"f:x":{".":{},"f:y":{},"f:z":{}},"k:{\\"a\\":2,\\"b\\":1}":{}}')
    assert.equal(canonicalFieldSet({}), null)
  })

  for (const wrong of [
    null,
    'x',
    [],
    { x: {} },
    { 'f:x': 1 },
    { 'k:x': {} },
    { 'k:[]': {} },
    { 'v:': {} },
    { 'i:x': {} },
  ]) {
    it(`${JSON.stringify(wrong)} is none`, () => assert.equal(canonicalFieldSet(wrong), undefined))
  }
})
