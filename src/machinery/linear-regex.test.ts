import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { compileRegex } from './linear-regex.js'

describe('regular expressions of users', () => {
  for (const [pattern, text, expected] of [
    ['^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', 'my-name-1', 'my-name-1'],
    ['^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', 'My-name', undefined],
    ['(?P<year>\\d{4})-(?P<month>\\d\\d)', 'on 2026-11-21', '2026-11'],
    ['(?<year>\\d{4})', 'on 2026', '2026'],
    ['\\Aab\\z', 'ab', 'ab'],
    ['\\Aab\\z', 'ab\n', undefined],
    ['ab$', 'ab\n', undefined],
    ['(?m)^b$', 'a\nb\nc', 'b'],
    ['(?i)straße', 'STRAßE', 'STRAßE'],
    ['a.c', 'a\nc', undefined],
    ['(?s)a.c', 'a\nc', 'a\nc'],
    ['a(?U:.*)b', 'axbxb', 'axb'],
    ['^.$', '😀', '😀'],
    ['\\pN+', 'x12', '12'],
    ['\\p{Greek}', 'aλ', 'λ'],
    ['\\P{L}', 'ab1', '1'],
    ['[[:alpha:]]+', '12ab', 'ab'],
    ['[[:^digit:]]+', '12ab', 'ab'],
    ['\\Qa.b\\E', 'axb a.b', 'a.b'],
    ['a|ab', 'ab', 'a'],
    ['[]a]+', ']a', ']a'],
    ['[^\\x00-\\x7F]', 'aé', 'é'],
    ['\\x{1F600}', '😀', '😀'],
    ['a{,2}', 'a{,2}', 'a{,2}'],
    ['', 'abc', ''],
  ] as const)
    it(`${pattern} ${expected === undefined ? 'is not found' : 'is found'} in ${JSON.stringify(text)}`, () => {
      const regex = compileRegex(pattern)
      assert.equal(regex.first(text), expected)
      assert.equal(regex.test(text), expected !== undefined)
    })

  for (const [pattern, fault] of [
    ['(', 'missing closing ): `(`'],
    ['a)', 'unexpected ): `a)`'],
    ['[a', 'missing closing ]: `[a`'],
    ['*', 'missing argument to repetition operator: `*`'],
    ['a**', 'invalid nested repetition operator: `**`'],
    ['a{1001}', 'invalid repeat count: `{1001}`'],
    ['[b-a]', 'invalid character class range: `b-a`'],
    ['\\8', 'invalid escape sequence: `\\8`'],
    ['\\', 'trailing backslash at end of expression: ``'],
    ['(?=a)', 'invalid or unsupported Perl syntax: `(?=`'],
    ['(?!a)', 'invalid or unsupported Perl syntax: `(?!`'],
    ['\\p{Foo}', 'invalid character class range: `\\p{Foo}`'],
    ['(?P<a', 'invalid named capture: `(?P<a`'],
  ] as const)
    it(`${pattern} is none`, () => {
      assert.throws(() => compileRegex(pattern), { name: 'SyntaxError', message: `error parsing regexp: ${fault}` })
    })

  it('are found one after the other as Go does', () => {
    for (const [pattern, text, limit, expected] of [
      ['a*', 'baaab', -1, ['', 'aaa', '']],
      ['\\d+', '1 22 333', -1, ['1', '22', '333']],
      ['\\d+', '1 22 333', 2, ['1', '22']],
      ['\\d+', '1 22 333', 0, []],
      ['x', 'abc', -1, []],
      ['', '😀a', -1, ['', '', '']],
    ] as const)
      assert.deepEqual(compileRegex(pattern).all(text, limit), expected, pattern)
  })

  it('take no time to speak of, however they are written', { timeout: 20_000 }, () => {
    const text = `${'a'.repeat(5_000)}!`
    for (const pattern of ['^(a+)+$', '^(a|a)*$', '^(a|aa)+$', '(.*)*x', '^(a?){500}a{500}$'])
      assert.equal(compileRegex(pattern).test(text), false, pattern)
  })
})
