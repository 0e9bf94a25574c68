import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { yamlToJson } from './registry/body-text.js'
import { yamlText } from './yaml-text.js'

describe('YAML text', () => {
  it('is written as upstream writes it', () => {
    const value = {
      kind: 'List',
      items: [{ b: [1, 2], a: 'x' }],
      metadata: {
        name: 'y',
        version: '12',
        on: true,
        address: '10.0.0.1:443',
        release: '1.2.3',
        empty: '',
        colon: 'a: b',
        hash: '# x',
        none: null,
      },
      empty: [],
      lines: 'a\nb\n',
      time: '2026-01-01T00:00:00Z',
    }
    assert.equal(
      yamlText(value),
      `empty: []
items:
- a: x
  b:
  - 1
  - 2
kind: List
lines: |
  a
  b
metadata:
  address: 10.0.0.1:443
  colon: 'a: b'
  empty: ""
  hash: '# x'
  name: "y"
  none: null
  "on": true
  release: 1.2.3
  version: "12"
time: "2026-01-01T00:00:00Z"
`,
    )
  })

  it('breaks long lines at the first space after column 80', () => {
    const words = (count: number) => Array.from({ length: count }, (_, i) => `word${i}`).join(' ')
    assert.equal(
      yamlText({ items: [{ plain: words(16), quoted: `${words(16)}: x`, tab: `\t${words(16)}` }], [words(20)]: 1 }),
      `items:
- plain: word0 word1 word2 word3 word4 word5 word6 word7 word8 word9 word10 word11
    word12 word13 word14 word15
  quoted: 'word0 word1 word2 word3 word4 word5 word6 word7 word8 word9 word10 word11
    word12 word13 word14 word15: x'
  tab: "\\tword0 word1 word2 word3 word4 word5 word6 word7 word8 word9 word10 word11
    word12 word13 word14 word15"
? word0 word1 word2 word3 word4 word5 word6 word7 word8 word9 word10 word11 word12
  word13 word14 word15 word16 word17 word18 word19
: 1
`,
    )
  })

  it('nests lists, orders keys by their numbers, writes numbers as Go does', () => {
    const value = {
      a10: [[1, [2]], [], {}, { b: [] }],
      a9: 1.5,
      A: 1e21,
      _: 1234567.5,
      'a b': 'x\n\ny\n\n',
      'a-': '-',
      '1': ' a',
    }
    assert.equal(
      yamlText(value),
      `_: 1.2345675e+06
"1": ' a'
A: 1e+21
a b: |+
  x

  y

a-: '-'
a9: 1.5
a10:
- - 1
  - - 2
- []
- {}
- b: []
`,
    )
  })

  it('is read as upstream reads it', () => {
    for (const [text, expected] of [
      ['12:30:45', '12:30:45'],
      ['1:30', '1:30'],
      ['.', '.'],
      ['0o17', 15],
      ['017', 15],
      ['08', 8],
      ['0x1F', 31],
      ['1_000', 1000],
      ['y', true],
      ['2020-01-01', '2020-01-01'],
    ] as const)
      assert.deepEqual(JSON.parse(yamlToJson(`a: ${text}`).json), { a: expected }, text)
    assert.throws(() => yamlToJson('a: .inf'), {
      message: 'json: unsupported value: +Inf',
    })
  })

  it('comes back as it was, whatever texts are in it', () => {
    const texts = [
      'yes',
      'no',
      'Off',
      '~',
      'null',
      '1e3',
      '0x1F',
      '0o17',
      '.5',
      '-.inf',
      '1_000',
      '12:30:45',
      '=',
      '<<',
      '-',
      '? x',
      '- x',
      ' x',
      'x ',
      '\t',
      '"',
      "'",
      '|',
      '>',
      '&a',
      '*a',
      '!x',
      '%',
      '@',
      '`',
      '{',
      '[',
      ',',
      'a\u0000b',
      'ü🙂',
      '\u2028',
      'x'.repeat(300),
      'a  b '.repeat(40),
      '2026-01-01',
      '+1',
      '0b1',
      '1.0',
      'TRUE',
      'N',
    ]
    const value = { keys: Object.fromEntries(texts.filter(text => text !== '<<').map(text => [text, 1])), list: texts }
    assert.deepEqual(JSON.parse(yamlToJson(yamlText(value)).json), value)
  })
})
