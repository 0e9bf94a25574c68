import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { ConfigMap, Namespace, Secret } from '../api/core/v1/index.js'
import { Role, RoleBinding } from '../api/rbac/v1/index.js'
import { otherToken, TestServer, type WireAnswer } from './test-server.js'

const group = 'rbac.authorization.k8s.io'
const marker = 'do-not-tell'
const configMaps = '/api/v1/namespaces/mine/configmaps'
const yaml = { 'content-type': 'application/yaml' }
const protobuf = { 'content-type': 'application/vnd.kubernetes.protobuf' }

/** A text that says one thing twice as often as the one before, `depth` times over. */
const laughs = (depth: number): string =>
  [
    'a0: &a0 [x, x]',
    ...Array.from({ length: depth }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`),
    'kind: ConfigMap\napiVersion: v1',
  ].join('\n')

const merges = (depth: number): string =>
  [
    'a0: &a0 {x: 1, y: 2}',
    ...Array.from({ length: depth }, (_, i) => `a${i + 1}: &a${i + 1} {<<: [*a${i}, *a${i}, *a${i}], k${i}: *a${i}}`),
  ].join('\n')

const varint = (value: number): number[] => (value > 127 ? [(value & 127) | 128, ...varint(value >>> 7)] : [value])
const field = (number: number, content: Buffer | string): Buffer => {
  const bytes = Buffer.from(content)
  return Buffer.concat([Buffer.from([...varint((number << 3) | 2), ...varint(bytes.length)]), bytes])
}

/** A definition in protobuf whose schema is not what is not what is not ... */
function deepDefinition(depth: number): Buffer {
  let schema: Buffer = Buffer.alloc(0)
  for (let i = 0; i < depth; i++) schema = field(28, schema)
  const version = Buffer.concat([field(1, 'v1'), field(4, field(1, schema))])
  const type = Buffer.concat([field(1, 'apiextensions.k8s.io/v1'), field(2, 'CustomResourceDefinition')])
  return Buffer.concat([Buffer.from('k8s\0'), field(1, type), field(2, field(2, field(7, version)))])
}

describe('a server that is told nonsense', () => {
  let server: TestServer
  const faults: unknown[] = []

  before(async () => {
    server = await TestServer.start({ onError: error => faults.push(error) })
    const { client } = server
    for (const name of ['mine', 'theirs']) {
      await client.create(Namespace, { metadata: { name } })
      await client.create(Secret, {
        metadata: { namespace: name, name: 's' },
        stringData: { key: `${name}-${marker}` },
      })
    }
    await client.create(ConfigMap, { metadata: { namespace: 'mine', name: 'c' }, data: { a: 'b' } })
    await client.create(Role, {
      metadata: { namespace: 'mine', name: 'all' },
      rules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
    })
    await client.create(RoleBinding, {
      metadata: { namespace: 'mine', name: 'all' },
      subjects: [{ kind: 'User', apiGroup: group, name: 'other' }],
      roleRef: { apiGroup: group, kind: 'Role', name: 'all' },
    })
  })
  after(async () => {
    await server[Symbol.asyncDispose]()
    assert.deepEqual(faults.map(String), [])
  })

  const refused = async (what: string, { status, text }: WireAnswer, ...expected: readonly number[]) => {
    assert.ok(expected.includes(status), `${what}: ${status} ${text.slice(0, 200)}`)
    assert.ok(text.length < 20_000, `${what} is answered with ${text.length} characters`)
    assert.equal((await server.http2({ path: '/livez' })).status, 200)
  }

  it('by paths leads nobody to what is not theirs', async () => {
    const theirs = Buffer.from(`theirs-${marker}`).toString('base64')
    const own = '/api/v1/namespaces/mine'
    for (const path of [
      ...[
        `${own}/../theirs/secrets/s`,
        `${own}/secrets/../../theirs/secrets/s`,
        `${own}/secrets/s/../../../theirs/secrets/s`,
      ],
      ...[
        '%2e%2e',
        '%2E%2E',
        '.%2e',
        '%252e%252e',
        '..%00',
        '..;',
        '%c0%ae%c0%ae',
        '%e2%80%a5',
        '%ef%bc%8e%ef%bc%8e',
      ].map(dots => `${own}/${dots}/theirs/secrets/s`),
      ...[`${own}%2f..%2ftheirs/secrets/s`, `/api/v1/namespaces/mine%2Fsecrets%2F..%2F..%2Ftheirs/secrets/s`],
      ...[
        `/api/v1/namespaces/theirs./secrets/s`,
        `/api/v1/namespaces/theirs%20/secrets/s`,
        '/api/v1/namespaces/THEIRS/secrets/s',
      ],
      ...[
        `//api/v1/namespaces/theirs/secrets/s`,
        `/api/v1//namespaces/theirs/secrets/s`,
        '/api/v1/namespaces//theirs/secrets/s',
      ],
      ...[
        '/api/v1/namespaces/theirs//secrets/s',
        '/API/v1/namespaces/theirs/secrets/s',
        '/api/V1/namespaces/theirs/secrets/s',
      ],
      ...[
        '/./api/v1/namespaces/theirs/secrets/s',
        '/x/../api/v1/namespaces/theirs/secrets/s',
        '/api\\v1\\namespaces\\theirs\\secrets\\s',
      ],
      ...['/api/v1/namespaces/theirs/secrets/s?namespace=mine'],
      ...['/api/v1/watch/namespaces/theirs/secrets/s', '/api/v1/secrets?fieldSelector=metadata.namespace=mine'],
      ...['/api/v1/secrets?fieldSelector=metadata.name=s', `${own}/secrets?fieldSelector=metadata.namespace=theirs`],
      ...[
        `${own}/secrets?continue=${Buffer.from('{"v":"meta.k8s.io/v1","rv":-1,"start":"../theirs/\\u0000"}').toString('base64')}`,
      ],
      ...[
        '/logs/../../etc/passwd',
        '/logs/..%2f..%2fetc%2fpasswd',
        '/logs/%2e%2e/%2e%2e/etc/passwd',
        '/logs//etc/passwd',
      ],
      ...['/openapi/v3/../../api/v1/namespaces/theirs/secrets/s', '/healthz/../api/v1/namespaces/theirs/secrets/s'],
      ...[`${own}/services/x:1/proxy/../../../../theirs/secrets/s`, `${own}/pods/https:..:443/proxy/x`],
      ...[
        `/${'a'.repeat(50_000)}`,
        `/api/v1/namespaces/${'x'.repeat(50_000)}/secrets`,
        `/${'a/'.repeat(20_000)}`,
        '/%',
        '/%zz',
        '/%00',
      ],
      ...[
        `${own}/secrets?labelSelector=${'a,'.repeat(10_000)}`,
        `${own}/secrets?labelSelector=a+in+(${'b,'.repeat(10_000)}c)`,
      ],
      ...[
        `${own}/secrets?${'fieldSelector=a%3Db&'.repeat(2000)}`,
        `${own}/secrets?limit=1e309`,
        `${own}/secrets?limit=-1`,
      ],
      ...[
        `${own}/secrets?resourceVersion=99999999999999999999`,
        `${own}/secrets?watch=1&timeoutSeconds=-1&resourceVersion=x`,
      ],
    ]) {
      const shown = path.slice(0, 100)
      for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH']) {
        if (method === 'DELETE' && path.startsWith(`${own}/secrets`)) continue
        // What is no path to HTTP/2 does not get far.
        const ask = path.startsWith('/') ? server.http2.bind(server) : server.http1.bind(server)
        const answer = await ask({
          method,
          path,
          headers: { authorization: `Bearer ${otherToken}` },
          ...(method === 'GET' || method === 'DELETE' ? {} : { body: '{}' }),
        })
        assert.ok(!answer.text.includes(theirs) && !answer.text.includes('root:'), `${method} ${shown}`)
        assert.ok(answer.status < 500, `${method} ${shown}: ${answer.status} ${answer.text.slice(0, 200)}`)
      }
    }
    assert.equal((await server.client.get(Secret, { namespace: 'theirs', name: 's' })).data?.['key'], theirs)
  })

  it('by bodies says so', async () => {
    const deep = (open: string, close: string, depth: number, inside = '1') =>
      `${open.repeat(depth)}${inside}${close.repeat(depth)}`
    const within = (value: string) => `{"metadata":{"name":"x"},"data":${value}}`
    const bodies: [what: string, body: string | Buffer, headers: object, ...expected: number[]][] = [
      ['deep objects', deep('{"data":', '}', 100_000), {}, 400],
      ['deep lists', deep('[', ']', 1_000_000), {}, 400],
      ['deep lists that never end', '['.repeat(2_000_000), {}, 400],
      ['deep lists within', within(deep('[', ']', 900)), {}, 400],
      ['a deep YAML flow', deep('[', ']', 100_000), yaml, 400],
      ['deep YAML maps', deep('{a: ', '}', 50_000), yaml, 400],
      ['deep YAML blocks', `${'- '.repeat(20_000)}x`, yaml, 400],
      ['deep YAML keys', `${'? '.repeat(20_000)}x`, yaml, 400],
      ['a YAML staircase', Array.from({ length: 1500 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'), yaml, 400],
      ['a billion laughs', laughs(30), yaml, 400],
      ['more laughs, less deep', laughs(12), yaml, 400],
      ['laughs by merging', merges(20), yaml, 400],
      ['an alias of itself', 'a: &a [*a]\nkind: ConfigMap', yaml, 400],
      ['YAML tags', '!!js/function "function(){}"\n', yaml, 400],
      ['many documents', '---\n'.repeat(100_000), yaml, 400, 422],
      ['many anchors', Array.from({ length: 20_000 }, (_, i) => `k${i}: &a${i} x`).join('\n'), yaml, 400, 422],
      ['many duplicates', `${'a: 1\n'.repeat(10_000)}`, yaml, 400, 422],
      ['a number without an end', within(`{"a":${'9'.repeat(1_000_000)}}`), {}, 400],
      ['a number beyond all', within('{"a":1e999999}'), {}, 400],
      ['no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]), {}, 400, 422],
      ['a lone surrogate', within('{"\\ud800":"x"}'), {}, 422],
      ['a NUL in a key', within('{"\\u0000":"x"}'), {}, 422],
      ['too much', `{"data":{"a":"${'x'.repeat(3_200_000)}"}}`, {}, 413],
      ['too much for the store', within(`{"a":"${'x'.repeat(1_100_000)}"}`), {}, 422],
      ['many keys', `{${Array.from({ length: 100_000 }, (_, i) => `"k${i}":1`).join()}}`, {}, 400, 422],
      ['packed', gzipSync(Buffer.alloc(50_000_000, ' ')), { 'content-encoding': 'gzip' }, 400],
      [
        'another charset',
        Buffer.from(within('{}'), 'utf16le'),
        { 'content-type': 'application/json; charset=utf-16' },
        400,
      ],
      ['protobuf without an envelope', Buffer.from('hello'), protobuf, 400],
      ['protobuf that ends early', Buffer.from('k8s\0\x0a\xff\xff\xff\xff\x0f', 'latin1'), protobuf, 400],
      ['random protobuf', Buffer.concat([Buffer.from('k8s\0'), Buffer.alloc(100_000, 0x0b)]), protobuf, 400],
      ['a type of no meaning', '{}', { 'content-type': ';;;' }, 400, 415],
    ]
    for (const [what, body, headers, ...expected] of bodies)
      await refused(
        what,
        await server.http2({ method: 'POST', path: configMaps, body, headers: { ...headers } }),
        ...expected,
      )
  })

  it('in deep protobuf says so', async () => {
    const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
    for (const depth of [200, 10_000])
      await refused(
        `${depth} levels`,
        await server.http2({ method: 'POST', path, body: deepDefinition(depth), headers: protobuf }),
        400,
        422,
      )
  })

  it('by many owners of one object takes no longer than for so many words', async () => {
    const owners = (count: number, more: object) =>
      Array.from({ length: count }, (_, i) => ({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        name: `x${i}`,
        uid: `u${i}`,
        ...more,
      }))
    for (const [name, ownerReferences, expected] of [
      ['owned', owners(15_000, {}), 201],
      ['controlled', owners(15_000, { controller: true }), 422],
      ['repeated', Array(15_000).fill(owners(1, {})[0]), 201],
    ] as const) {
      const { status, text } = await server.http2({
        method: 'POST',
        path: configMaps,
        body: { metadata: { name, ownerReferences } },
      })
      assert.equal(status, expected, text.slice(0, 200))
    }
  })

  it('by patches says so', async () => {
    const doubled = Array.from({ length: 40 }, (_, i) => ({ op: 'copy', from: '/data', path: `/data/k${i}` }))
    const long = Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/kind', value: 'ConfigMap' }))
    const deepPointer = [{ op: 'add', path: `/${'a/'.repeat(100_000)}`, value: 1 }]
    const nest = (depth: number) => `${'{"metadata":'.repeat(depth)}1${'}'.repeat(depth)}`
    const patches: [what: string, type: string, body: unknown, ...expected: number[]][] = [
      ['copies of copies', 'json-patch', doubled, 400, 422],
      ['too many operations', 'json-patch', long, 413],
      ['a pointer to nowhere', 'json-patch', deepPointer, 422],
      ['another prototype', 'json-patch', [{ op: 'add', path: '/__proto__/polluted', value: 'yes' }], 400, 422],
      [
        'another constructor',
        'json-patch',
        [{ op: 'add', path: '/constructor/prototype/polluted', value: 'yes' }],
        400,
        422,
      ],
      ['a deep merge', 'merge-patch', nest(50_000), 400],
      ['a deep strategic merge', 'strategic-merge-patch', nest(50_000), 400],
      ['a merge that is no object', 'merge-patch', '[1,2]', 400],
      ['strategic nonsense', 'strategic-merge-patch', { $patch: 'replace', data: { $patch: { $patch: 1 } } }, 400, 422],
      [
        'a deep retained list',
        'strategic-merge-patch',
        { $retainKeys: nest(5).split(','), '$setElementOrder/x': 1 },
        400,
        422,
      ],
      ['a deep configuration', 'apply-patch+yaml', '['.repeat(50_000), 400],
      ['a configuration of laughs', 'apply-patch+yaml', laughs(30), 400],
    ]
    for (const [what, type, body, ...expected] of patches) {
      const full = type.includes('+') ? `application/${type}` : `application/${type}+json`
      const path = `${configMaps}/c?fieldManager=m`
      await refused(
        what,
        await server.http2({ method: 'PATCH', path, body, headers: { 'content-type': full } }),
        ...expected,
      )
    }
    assert.equal(({} as { polluted?: string }).polluted, undefined)
  })

  it('keeps names that mean something to its language for what they are', async () => {
    const names = ['constructor', 'toString', 'hasOwnProperty', 'valueOf', '__proto__']
    const data = `{${names.map(name => `"${name}":"v"`).join()}}`
    const body = `{"metadata":{"name":"words","labels":${data},"annotations":{"__proto__":"a","x":"y"}},"data":${data}}`
    const labelled = await server.http2({ method: 'POST', path: configMaps, body })
    // Labels begin with letters or digits.
    assert.equal(labelled.status, 422, labelled.text)
    const kept = names.filter(name => name !== '__proto__')
    const words = Object.fromEntries(kept.map(name => [name, 'v']))
    const made = await server.http2({
      method: 'POST',
      path: configMaps,
      body: { metadata: { name: 'words', labels: words }, data: words },
    })
    assert.equal(made.status, 201, made.text)
    assert.deepEqual(made.json.data, words)
    for (const name of kept) {
      const { json } = await server.http2({ path: `${configMaps}?labelSelector=${name}%3Dv` })
      assert.equal(json.items.length, 1, name)
    }
    for (const path of [
      '/api/v1/namespaces/constructor/configmaps/toString',
      '/apis/__proto__/v1/valueOf',
      '/apis/constructor',
    ])
      assert.equal((await server.http2({ path })).status, 404, path)
    for (const name of ['constructor', '__proto__', 'toString'])
      assert.equal((await server.http2({ path: `${configMaps}?fieldSelector=${name}%3Dx` })).status, 400, name)
    assert.equal(({} as { a?: string }).a, undefined)
  })
})
