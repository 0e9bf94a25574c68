import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as dnsPacket from 'dns-packet'
import fc from 'fast-check'
import { encodeName, MalformedMessage, readName } from './names.js'
import { answersOf, parseQuery, type Query, records } from './read-message.js'
import { addressRecord, nameRecord, recordTypes, responseCodes, soaRecord, srvRecord, txtRecord } from './records.js'
import { encodeQuery, encodeQuestion, encodeRefusal, encodeResponse, fitResponse, sizeLimit } from './write-message.js'

/** Another implementation tells whether ours is understood. */
const { decode, encode } = dnsPacket

const web = 'web.default.svc.cluster.local'

function queryFor(packet: dnsPacket.Packet): Query {
  const parsed = parseQuery(encode({ type: 'query', id: 7, flags: dnsPacket.RECURSION_DESIRED, ...packet }))
  assert.ok('query' in parsed)
  return parsed.query
}

const question = (name: string, type: dnsPacket.RecordType = 'A') => ({ questions: [{ name, type }] })
const opt = (udpPayloadSize: number, more: object = {}) => ({
  additionals: [
    {
      type: 'OPT' as const,
      name: '.' as const,
      udpPayloadSize,
      flags: 0,
      options: [],
      ...more,
    } as unknown as dnsPacket.Answer,
  ],
})

describe('reading queries', () => {
  it('of plain clients', () => {
    const { id, flags, question: asked, edns } = queryFor(question('Web.Default.svc.Cluster.local', 'AAAA'))
    assert.deepEqual(
      { id, flags, asked, edns },
      { id: 7, flags: 0x100, asked: { name: web, type: 28, class: 1 }, edns: undefined },
    )
  })

  it('with extensions', () => {
    const { edns } = queryFor({
      ...question(web),
      ...opt(4096, { flags: dnsPacket.DNSSEC_OK, options: [{ code: 10, data: Buffer.alloc(8) }] }),
    })
    assert.deepEqual(edns, { udpSize: 4096, version: 0, dnssecOk: true })
  })

  it('of the root', () => assert.equal(queryFor(question('.')).question.name, ''))

  it('with names of any bytes', () => {
    const name = Buffer.concat([
      Buffer.of(5),
      Buffer.from('a.b\\\0'),
      Buffer.of(3),
      Buffer.from('\xffC-', 'latin1'),
      Buffer.of(0),
    ])
    const message = Buffer.concat([
      encode({ type: 'query', id: 1 }).subarray(0, 4),
      Buffer.from([0, 1, 0, 0, 0, 0, 0, 0]),
      name,
      Buffer.from([0, 1, 0, 1]),
    ])
    const parsed = parseQuery(message)
    assert.ok('query' in parsed)
    assert.equal(parsed.query.question.name, 'a\\046b\\092\\000.\\255c-')
    assert.deepEqual(encodeName(readName(message, 12)), name)
  })

  const good = encode({ type: 'query', id: 7, ...question(web), ...opt(1232) })
  const changed = (at: number, ...bytes: number[]) => {
    const message = Buffer.from(good)
    message.set(bytes, at)
    return message
  }
  const twoOptions = encode({
    type: 'query',
    id: 7,
    ...question(web),
    additionals: [...opt(512).additionals, ...opt(512).additionals],
  })
  const refusals: readonly (readonly [string, Buffer, number])[] = [
    ['an update', changed(2, 0x28), responseCodes.NOTIMP],
    ['two questions', changed(5, 2), responseCodes.FORMERR],
    ['no question', changed(5, 0), responseCodes.FORMERR],
    ['a name without an end', good.subarray(0, 20), responseCodes.FORMERR],
    ['a question cut off', good.subarray(0, 12 + web.length + 3), responseCodes.FORMERR],
    ['a compressed question', changed(12, 0xc0, 0x0c), responseCodes.FORMERR],
    ['a label of an unknown kind', changed(12, 0x41), responseCodes.FORMERR],
    ['more records than there are', changed(11, 9), responseCodes.FORMERR],
    ['a record longer than the message', changed(good.length - 1, 200), responseCodes.FORMERR],
    ['two OPT records', twoOptions, responseCodes.FORMERR],
  ]
  for (const [title, message, code] of refusals)
    it(`refuses ${title}`, () => {
      const parsed = parseQuery(message)
      assert.ok('refuse' in parsed, JSON.stringify(parsed))
      assert.equal(parsed.refuse, code)
      const refusal = decode(encodeRefusal({ ...parsed, code: parsed.refuse })) as unknown as dnsPacket.Packet & {
        rcode: string
      }
      assert.deepEqual([refusal.id, refusal.type, refusal.rcode], [7, 'response', code === 1 ? 'FORMERR' : 'NOTIMP'])
    })

  for (const [title, message] of [
    ['nothing', Buffer.alloc(0)],
    ['half a header', good.subarray(0, 11)],
    ['an answer', changed(2, 0x80)],
  ] as const)
    it(`ignores ${title}`, () => assert.deepEqual(parseQuery(message), { ignore: true }))
})

describe('writing responses', () => {
  const query = queryFor(question('WEB.default.svc.cluster.local'))
  const records3 = [1, 2, 3].map(at => addressRecord(web, 5, `10.244.0.${at}`))

  it('repeats the letters of the question, and compresses names', () => {
    const message = encodeResponse(query, { code: 0, authoritative: true, answers: records3 }, 512)
    assert.equal(message.length, 12 + web.length + 2 + 4 + 3 * 16)
    const { id, questions, answers, flag_aa, flag_ra, flag_rd, flag_tc } = decode(message) as dnsPacket.DecodedPacket
    assert.deepEqual(
      { id, flag_aa, flag_ra, flag_rd, flag_tc },
      { id: 7, flag_aa: true, flag_ra: true, flag_rd: true, flag_tc: false },
    )
    assert.equal(questions?.[0]?.name, 'WEB.default.svc.cluster.local')
    assert.deepEqual(
      answers?.map(({ name, ...answer }) => [name, 'data' in answer ? answer.data : '']),
      [1, 2, 3].map(at => ['WEB.default.svc.cluster.local', `10.244.0.${at}`]),
    )
  })

  it('writes every kind of record', () => {
    const message = encodeResponse(
      query,
      {
        code: 0,
        answers: [
          addressRecord('other.example', 5, 'fd00::5'),
          nameRecord('alias.example', recordTypes.CNAME, 5, 'www.example.com'),
          srvRecord('_http._tcp.web.example', 5, { priority: 1, weight: 2, port: 3, target: 'a.web.example' }),
          txtRecord('text.example', 5, '1.1.0'),
        ],
        authorities: [
          soaRecord('example', 5, { server: 'ns.example', mailbox: 'me.example', serial: 4_000_000_000, minimum: 5 }),
        ],
        additionals: [addressRecord('a.web.example', 5, '10.0.0.1')],
      },
      512,
    )
    const { answers, authorities, additionals } = decode(message)
    assert.deepEqual(
      [...(answers ?? []), ...(authorities ?? []), ...(additionals ?? [])].map(({ name, type, ...rest }) => [
        name,
        type,
        'data' in rest ? (Array.isArray(rest.data) ? rest.data.map(String) : rest.data) : '',
      ]),
      [
        ['other.example', 'AAAA', 'fd00::5'],
        ['alias.example', 'CNAME', 'www.example.com'],
        ['_http._tcp.web.example', 'SRV', { priority: 1, weight: 2, port: 3, target: 'a.web.example' }],
        ['text.example', 'TXT', ['1.1.0']],
        [
          'example',
          'SOA',
          {
            mname: 'ns.example',
            rname: 'me.example',
            serial: 4_000_000_000,
            refresh: 7200,
            retry: 1800,
            expire: 86_400,
            minimum: 5,
          },
        ],
        ['a.web.example', 'A', '10.0.0.1'],
      ],
    )
  })

  it('says that there is more when there is no room', () => {
    const many = Array.from({ length: 100 }, (_, at) => addressRecord(web, 5, `10.244.0.${at}`))
    for (const [limit, count] of [
      [512, 29],
      [1232, 74],
      [0xffff, 100],
    ] as const) {
      const message = encodeResponse(query, { code: 0, answers: many }, limit)
      assert.ok(message.length <= limit)
      const decoded = decode(message) as dnsPacket.DecodedPacket
      assert.deepEqual([decoded.answers?.length, decoded.flag_tc], [count, count < 100])
    }
  })

  it('leaves out additional records without a word', () => {
    const additionals = Array.from({ length: 100 }, (_, at) => addressRecord(`${at}.${web}`, 5, '10.244.0.1'))
    const decoded = decode(
      encodeResponse(query, { code: 0, answers: records3, additionals }, 512),
    ) as dnsPacket.DecodedPacket
    assert.deepEqual([decoded.answers?.length, decoded.additionals?.length, decoded.flag_tc], [3, 0, false])
  })

  it('speaks of extensions to those who did', () => {
    const extended = queryFor({ ...question(web), ...opt(4096, { flags: dnsPacket.DNSSEC_OK }) })
    const { additionals } = decode(encodeResponse(extended, { code: responseCodes.BADVERS }, 512))
    const [answered] = additionals ?? []
    assert.ok(answered?.type === 'OPT')
    assert.deepEqual([answered.udpPayloadSize, answered.extendedRcode, answered.flag_do], [1232, 1, true])
  })

  it('keeps to what a client takes', () => {
    const limit = (size: number) => sizeLimit({ edns: { udpSize: size, version: 0, dnssecOk: false } }, 'udp')
    assert.deepEqual([limit(100), limit(600), limit(65_000)], [512, 600, 1232])
    assert.deepEqual([sizeLimit({ edns: undefined }, 'udp'), sizeLimit({ edns: undefined }, 'tcp')], [512, 65_535])
  })
})

describe("other servers' answers", () => {
  const answers = Array.from({ length: 40 }, (_, at) => ({
    type: 'A' as const,
    name: web,
    ttl: 5,
    data: `10.0.0.${at}`,
  }))
  const long = encode({ type: 'response', id: 7, ...question(web), answers, ...opt(4096) })

  it('are cut where a record ends', () => {
    const fitted = fitResponse(long, 512)
    assert.ok(fitted.length <= 512 && fitted.length > 440)
    const { flag_tc, answers: left, additionals } = decode(fitted) as dnsPacket.DecodedPacket
    assert.equal(flag_tc, true)
    assert.equal(left?.length, records(fitted).filter(({ section }) => section === 'answer').length)
    assert.equal(additionals?.[0]?.type, 'OPT')
    assert.equal(fitResponse(long, 4096), long)
  })

  it('are taken apart, compressed names and all', () => {
    const header = Buffer.from([0, 7, 0x80, 0, 0, 1, 0, 2, 0, 0, 0, 0])
    const asked = encodeQuestion({ name: 'www.example.com', type: 5, class: 1 })
    const cname = Buffer.from([0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 9, 0, 6, 3, 0x63, 0x64, 0x6e, 0xc0, 16])
    const srv = Buffer.from([0xc0, 12, 0, 33, 0, 1, 0, 0, 0, 9, 0, 8, 0, 1, 0, 2, 0, 3, 0xc0, 16])
    const found = answersOf(Buffer.concat([header, asked, cname, srv]))
    assert.deepEqual(
      found.map(({ name, type, ttl, data }) => [name, type, ttl, readName(Buffer.from(data), type === 5 ? 0 : 6)]),
      [
        ['www.example.com', 5, 9, 'cdn.example.com'],
        ['www.example.com', 33, 9, 'example.com'],
      ],
    )
  })

  it('that lead in circles are refused', () => {
    for (const target of [12 + 4, 12 + 8, 60]) {
      const header = Buffer.from([0, 7, 0x80, 0, 0, 0, 0, 1, 0, 0, 0, 0])
      const record = Buffer.from([1, 0x61, 0xc0, target, 0, 5, 0, 1, 0, 0, 0, 9, 0, 2, 0xc0, 12])
      assert.throws(() => answersOf(Buffer.concat([header, record])), MalformedMessage)
    }
  })
})

describe('hostile messages', () => {
  const valid = encode({ type: 'query', id: 7, ...question(web, 'SRV'), ...opt(1232) })
  const mangled = fc
    .tuple(
      fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { maxLength: 8 }),
      fc.nat(valid.length),
      fc.uint8Array({ maxLength: 40 }),
    )
    .map(([changes, end, tail]) => {
      const message = Buffer.from(valid)
      for (const [at, byte] of changes) message[at] = byte
      return Buffer.concat([message.subarray(0, end), tail])
    })
  const anything = fc.oneof(
    mangled,
    fc.uint8Array({ maxLength: 200 }).map(bytes => Buffer.from(bytes)),
  )

  it('are never more than malformed', () => {
    fc.assert(
      fc.property(anything, message => {
        const parsed = parseQuery(message)
        if ('query' in parsed) {
          const response = encodeResponse(parsed.query, { code: 0, answers: [addressRecord(web, 5, '10.0.0.1')] }, 512)
          assert.ok(response.length <= 512)
          decode(response)
        }
        for (const read of [answersOf, records, (bytes: Buffer) => fitResponse(bytes, 20)])
          try {
            read(message)
          } catch (error) {
            assert.ok(error instanceof MalformedMessage, String(error))
          }
      }),
      { numRuns: 2000 },
    )
  })

  it('bad names are not written', () => {
    for (const name of ['a..b', `${'a'.repeat(64)}.b`, Array(130).fill('ab').join('.')])
      assert.throws(() => encodeName(name), MalformedMessage)
  })

  it('queries are written as others read them', () => {
    const message = encodeQuery(9, 0x100, encodeQuestion({ name: web, type: 1, class: 1 }), {
      udpSize: 1232,
      version: 0,
      dnssecOk: true,
    })
    const { id, questions, additionals } = decode(message)
    assert.deepEqual([id, questions?.[0]?.name, additionals?.[0]?.type], [9, web, 'OPT'])
  })
})
