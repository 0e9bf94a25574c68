import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { unifiedDiff } from './unified-diff.js'

const lines = (...names: readonly string[]): string => names.join('\n')
const numbered = (n: number): string[] => Array.from({ length: n }, (_, i) => `line ${i + 1}`)
const changed = (list: readonly string[], at: number, to: readonly string[]): string[] => list.toSpliced(at, 1, ...to)

const cases: readonly (readonly [string, string, string, string])[] = [
  ['equal texts', 'a\nb', 'a\nb', ''],
  ['one line for another', 'a', 'b', '@@ -1 +1 @@\n-a\n+b\n'],
  ['a line more at the end', 'a', lines('a', 'b'), '@@ -1 +1,2 @@\n a\n+b\n'],
  ['a line more at the front', 'a', lines('b', 'a'), '@@ -1 +1,2 @@\n+b\n a\n'],
  ['a line less', lines('a', 'b', 'c'), lines('a', 'c'), '@@ -1,3 +1,2 @@\n a\n-b\n c\n'],
  [
    'three lines around a change',
    lines(...numbered(9)),
    lines(...changed(numbered(9), 4, ['x', 'y'])),
    '@@ -2,7 +2,8 @@\n line 2\n line 3\n line 4\n-line 5\n+x\n+y\n line 6\n line 7\n line 8\n',
  ],
  [
    'changes with six lines between in one group',
    lines(...numbered(10)),
    lines(...changed(changed(numbered(10), 1, ['x']), 8, ['y'])),
    `@@ -1,10 +1,10 @@\n line 1\n-line 2\n+x\n${numbered(8)
      .slice(2)
      .map(line => ` ${line}\n`)
      .join('')}-line 9\n+y\n line 10\n`,
  ],
  [
    'changes with seven lines between in two groups',
    lines(...numbered(11)),
    lines(...changed(changed(numbered(11), 1, ['x']), 9, ['y'])),
    '@@ -1,5 +1,5 @@\n line 1\n-line 2\n+x\n line 3\n line 4\n line 5\n' +
      '@@ -7,5 +7,5 @@\n line 7\n line 8\n line 9\n-line 10\n+y\n line 11\n',
  ],
  [
    'the longest equal block, not the first',
    lines('a', 'x', 'b', 'c', 'd'),
    lines('b', 'c', 'd', 'a', 'x'),
    '@@ -1,5 +1,5 @@\n-a\n-x\n b\n c\n d\n+a\n+x\n',
  ],
]

describe('the difference of two texts', () => {
  for (const [name, before, after, expected] of cases)
    it(name, () => assert.equal(unifiedDiff(before, after), expected))

  it('is told of long texts whose lines are much alike', () => {
    const before = Array.from({ length: 300 }, (_, i) => (i % 3 === 0 ? `field ${i}` : 'null'))
    const after = changed(before, 150, ['other'])
    assert.equal(
      unifiedDiff(lines(...before), lines(...after)),
      '@@ -148,7 +148,7 @@\n field 147\n null\n null\n-field 150\n+other\n null\n null\n field 153\n',
    )
  })

  it('of very long texts is one change from the first to the last', () => {
    const before = numbered(5000)
    const after = changed(changed(before, 2000, ['x']), 2009, ['y'])
    assert.match(unifiedDiff(lines(...before), lines(...after)), /^@@ -1998,16 \+1998,16 @@\n/)
  })
})
