import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HeaderDecoder } from './header-decoder.js'
import { ConnectionFault } from './protocol.js'
import { headerBlock } from './test-client.js'

const decodeWith = (decoder: HeaderDecoder, hex: string) =>
  decoder.decode(Buffer.from(hex.replaceAll(' ', ''), 'hex')).fields.map(({ name, value }) => `${name}: ${value}`)

const requests = [
  [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com'],
  [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com', 'cache-control: no-cache'],
  [
    ...[':method: GET', ':scheme: https', ':path: /index.html', ':authority: www.example.com'],
    'custom-key: custom-value',
  ],
]
const answers = [
  [
    ...[':status: 302', 'cache-control: private', 'date: Mon, 21 Oct 2013 20:13:21 GMT'],
    'location: https://www.example.com',
  ],
  [
    ...[':status: 307', 'cache-control: private', 'date: Mon, 21 Oct 2013 20:13:21 GMT'],
    'location: https://www.example.com',
  ],
  [
    ...[':status: 200', 'cache-control: private', 'date: Mon, 21 Oct 2013 20:13:22 GMT'],
    ...['location: https://www.example.com', 'content-encoding: gzip'],
    'set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
  ],
]
/** The table of the examples with answers holds 256 bytes. */
const small = '3fe101'

// https://www.rfc-editor.org/rfc/rfc7541#appendix-C
const examples = [
  ['C.2.1', ['400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572'], [['custom-key: custom-header']]],
  ['C.2.2', ['040c 2f73 616d 706c 652f 7061 7468'], [[':path: /sample/path']]],
  ['C.2.3', ['1008 7061 7373 776f 7264 0673 6563 7265 74'], [['password: secret']]],
  ['C.2.4', ['82'], [[':method: GET']]],
  [
    'C.3',
    [
      '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
      '8286 84be 5808 6e6f 2d63 6163 6865',
      '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
    ],
    requests,
  ],
  [
    'C.4',
    [
      '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
      '8286 84be 5886 a8eb 1064 9cbf',
      '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
    ],
    requests,
  ],
  [
    'C.5',
    [
      `${small} 4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d
       546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d`,
      '4803 3330 37c1 c0bf',
      `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d
       4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076
       6572 7369 6f6e 3d31`,
    ],
    answers,
  ],
  [
    'C.6',
    [
      `${small} 4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7
       8f0b 97c8 e9ae 82ae 43d3`,
      '4883 640e ffc1 c0bf',
      `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf
       cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07`,
    ],
    answers,
  ],
] as const

describe('header blocks', () => {
  for (const [name, blocks, expected] of examples)
    it(`are decoded as in ${name}`, () => {
      const decoder = new HeaderDecoder(10_000)
      for (const [i, block] of blocks.entries())
        assert.deepEqual(decodeWith(decoder, block.replaceAll(/\s/g, '')), expected[i])
    })

  const broken = {
    'an index of nothing': '80',
    'an index beyond the table': 'be',
    'an endless integer': 'ffffffffffffffffff',
    'a string beyond the block': '00 05 61',
    'a block that ends within a header': '40',
    'a table that is too large': '3fe21f',
    'a table that changes its size late': '82 20',
    'padding of eight bits': '00 81 ff 00',
    'padding that is not of ones': '00 81 18 00',
    'the end of a string within it': '00 84 ff ff ff ff 00',
  }
  for (const [what, hex] of Object.entries(broken))
    it(`are refused: ${what}`, () => {
      const decode = () => decodeWith(new HeaderDecoder(10_000), hex)
      assert.throws(decode, (error: unknown) => error instanceof ConnectionFault && error.code === 9)
    })

  it('that are too many are left out, but remembered in the table', () => {
    const decoder = new HeaderDecoder(100)
    const bomb = Buffer.concat([Buffer.from('40016103626262', 'hex'), Buffer.alloc(10, 0xbe)])
    const { fields, tooLarge } = decoder.decode(bomb)
    assert.equal(tooLarge, true)
    assert.equal(fields.length, 2)
    assert.deepEqual(decodeWith(decoder, 'be'), ['a: bbb'])
    assert.equal(decoder.decode(headerBlock([['a', 'b'.repeat(67)]])).tooLarge, false)
    assert.equal(decoder.decode(headerBlock([['a', 'b'.repeat(68)]])).tooLarge, true)
  })

  it('forget what does not fit into the table', () => {
    const decoder = new HeaderDecoder(100_000)
    decodeWith(decoder, '3f21 4001 6101 62')
    assert.deepEqual(decodeWith(decoder, 'be'), ['a: b'])
    decodeWith(decoder, '4001 6301 64')
    assert.deepEqual(decodeWith(decoder, 'be'), ['c: d'])
    assert.throws(() => decodeWith(decoder, 'bf'))
  })
})
