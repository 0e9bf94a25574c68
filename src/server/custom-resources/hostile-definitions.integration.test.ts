import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { TestServer, until, type WireAnswer } from '../test-server.js'

const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const policies = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies'

type Schema = { readonly [member: string]: unknown }

const definition = (schema: Schema, more: object = {}, names: object = {}) => ({
  metadata: { name: 'bombs.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'bombs', kind: 'Bomb', ...names },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema }, ...more }],
  },
})
const object = (properties: Schema, more: Schema = {}): Schema => ({ type: 'object', properties, ...more })
const spec = (inner: Schema): Schema => object({ spec: inner })
const rule = (text: string): Schema => ({ 'x-kubernetes-validations': [{ rule: text }] })

function nested(depth: number, wrap: (inner: Schema) => Schema, inner: Schema = { type: 'string' }): Schema {
  let schema = inner
  for (let i = 0; i < depth; i++) schema = wrap(schema)
  return schema
}

const text = { type: 'string' }
const texts = { type: 'array', items: text }
const everything = 'self.all(a, self.all(b, self.all(c, self.all(d, a == b && c == d))))'

const refusals: [what: string, body: object, why: RegExp][] = [
  ['references', definition(object({ a: { $ref: '#/definitions/a' } })), /\$ref: Forbidden: \$ref is not supported/],
  ['references to elsewhere', definition(object({ a: { $ref: 'https://192.0.2.1/x' } })), /\$ref: Forbidden/],
  ['definitions', definition(object({}, { definitions: { a: text } })), /definitions is not supported/],
  ['a pattern that does not end', definition(object({ a: { ...text, pattern: '(' } })), /error parsing regexp|pattern/],
  ['a pattern of patterns', definition(object({ a: { ...text, pattern: '(a{1000}){1000}' } })), /pattern|repeat/],
  [
    'a deep pattern',
    definition(object({ a: { ...text, pattern: `${'('.repeat(20_000)}a${')'.repeat(20_000)}` } })),
    /pattern/,
  ],
  [
    'a rule over all of all',
    definition(spec({ ...texts, ...rule(everything) })),
    /estimated rule cost exceeds budget|cost/,
  ],
  ['a rule without an end', definition(spec({ ...text, ...rule(`${'('.repeat(50_000)}`) })), /rule/],
  ['a deep rule', definition(spec({ ...text, ...rule(`${'!('.repeat(5000)}true${')'.repeat(5000)}`) })), /rule/],
  ['a long rule', definition(spec({ ...text, ...rule(`true${' && true'.repeat(50_000)}`) })), /rule/],
  [
    'deep lists in a rule',
    definition(spec({ ...text, ...rule(`${'['.repeat(5000)}1${']'.repeat(5000)} == 1`) })),
    /rule/,
  ],
  ['a deep ternary', definition(spec({ ...text, ...rule(`${'true ? true : '.repeat(5000)}true`) })), /rule/],
  [
    'a column of nonsense',
    definition(object({}), { additionalPrinterColumns: [{ name: 'a', type: 'string', jsonPath: '.'.repeat(10_000) }] }),
    /JSONPath/,
  ],
]

describe('definitions that are built to break a server', () => {
  let server: TestServer
  const faults: unknown[] = []
  before(async () => {
    server = await TestServer.start({ onError: error => faults.push(error) })
  })
  after(async () => {
    await server[Symbol.asyncDispose]()
    assert.deepEqual(faults.map(String), [])
  })
  const create = (body: object, path = definitions) => server.http2({ method: 'POST', path, body })
  const alive = async () => assert.equal((await server.http2({ path: '/livez' })).status, 200)
  /** A definition that is fine; gone again afterwards. */
  const with_ = async (body: object, use: (path: string) => Promise<void>) => {
    const made = await create(body)
    assert.equal(made.status, 201, made.text.slice(0, 300))
    const path = '/apis/example.com/v1/namespaces/default/bombs'
    await until(async () => (await server.http2({ path })).status === 200)
    await use(path)
    await server.http2({ method: 'DELETE', path: `${definitions}/bombs.example.com` })
    await until(async () => (await server.http2({ path: `${definitions}/bombs.example.com` })).status === 404)
  }

  for (const [what, body, why] of refusals)
    it(`are refused: ${what}`, async () => {
      const { status, text, json } = await create(body)
      assert.ok(status === 422 || status === 400, `${status} ${text.slice(0, 300)}`)
      assert.match(json.message, why)
      await alive()
    })

  const large: [what: string, schema: Schema][] = [
    ['deep objects', nested(150, inner => object({ a: inner }))],
    ['deeper objects', nested(470, inner => object({ a: inner }))],
    ['deep lists', nested(450, inner => ({ type: 'array', items: inner }))],
    ['deep maps', nested(450, inner => ({ type: 'object', additionalProperties: inner }))],
    ['deep logic', object({ a: { ...text, ...nested(400, inner => ({ not: inner }), { minLength: 1 }) } })],
    ['wide objects', object(Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`p${i}`, text])))],
    ['many enums', object({ a: { ...text, enum: Array.from({ length: 50_000 }, (_, i) => `e${i}`) } })],
    [
      'many rules',
      spec({
        ...text,
        maxLength: 9,
        'x-kubernetes-validations': Array.from({ length: 500 }, (_, i) => ({ rule: `self != '${i}'` })),
      }),
    ],
    ['rules of minuses', spec({ type: 'integer', ...rule(`${'-'.repeat(20_000)}1 == 1`) })],
    ['patterns that take others long', object({ a: { ...text, pattern: '^(a+)+$' } })],
  ]
  for (const [what, schema] of large)
    it(`are refused or take their time: ${what}`, async () => {
      const answer: WireAnswer = await create(definition(schema))
      assert.ok([201, 400, 422].includes(answer.status), `${answer.status} ${answer.text.slice(0, 300)}`)
      await alive()
      if (answer.status !== 201) return
      for (const path of ['/openapi/v2', '/openapi/v3/apis/example.com/v1'])
        await until(async () => (await server.http2({ path })).status === 200)
      const body = { apiVersion: 'example.com/v1', kind: 'Bomb', metadata: { name: 'x' }, a: `${'a'.repeat(50_000)}!` }
      const object = await create(body, '/apis/example.com/v1/namespaces/default/bombs')
      assert.ok(object.status < 500, `${object.status} ${object.text.slice(0, 300)}`)
      await server.http2({ method: 'DELETE', path: `${definitions}/bombs.example.com` })
      await until(async () => (await server.http2({ path: `${definitions}/bombs.example.com` })).status === 404)
    })

  it('whose objects are deep serve them all the same', () =>
    with_(definition({ type: 'object', 'x-kubernetes-preserve-unknown-fields': true }), async path => {
      const deep = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
      const body = `{"apiVersion":"example.com/v1","kind":"Bomb","metadata":{"name":"x"},"spec":${deep(450)}}`
      const made = await server.http2({ method: 'POST', path, body })
      assert.ok([201, 400, 422].includes(made.status), `${made.status} ${made.text.slice(0, 300)}`)
      const tooDeep = await server.http2({ method: 'POST', path, body: body.replace(deep(450), deep(2000)) })
      assert.equal(tooDeep.status, 400)
      const types = ['merge-patch+json', 'apply-patch+yaml']
      for (const type of types) {
        const answer = await server.http2({
          method: 'PATCH',
          path: `${path}/x?fieldManager=m&force=true`.replace(type === 'merge-patch+json' ? '&force=true' : '\0', ''),
          body,
          headers: { 'content-type': `application/${type}` },
        })
        assert.ok(answer.status < 500, `${type}: ${answer.status} ${answer.text.slice(0, 300)}`)
      }
      const table = 'application/json;as=Table;g=meta.k8s.io;v=v1'
      for (const accept of ['application/json', 'application/yaml', table])
        assert.ok((await server.http2({ path, headers: { accept } })).status < 500, accept)
      await alive()
    }))

  it('whose rules take long stop at their budget', () =>
    with_(
      definition(
        spec({
          ...texts,
          maxItems: 60,
          items: { ...text, maxLength: 10 },
          ...rule('self.all(a, self.all(b, a != b || self.exists(c, c == a)))'),
        }),
      ),
      async path => {
        const items = Array.from({ length: 60 }, (_, i) => `v${i}`)
        const answer = await create(
          { apiVersion: 'example.com/v1', kind: 'Bomb', metadata: { name: 'x' }, spec: items },
          path,
        )
        assert.ok(answer.status < 500, answer.text.slice(0, 300))
        await alive()
      },
    ))

  it('of policies are bounded, too', async () => {
    const policy = (expression: string) => ({
      metadata: { name: 'p' },
      spec: {
        matchConstraints: {
          resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }],
        },
        validations: [{ expression }],
      },
    })
    for (const expression of [
      `${'('.repeat(20_000)}true${')'.repeat(20_000)}`,
      `true${' || true'.repeat(30_000)}`,
      '"'.repeat(10_001),
    ])
      assert.equal((await create(policy(expression), policies)).status, 422)
    const range = Array.from({ length: 50 }, (_, i) => i).join()
    const costly = `[${range}].all(a, [${range}].all(b, [${range}].all(c, [${range}].all(d, a + b + c + d >= 0))))`
    const made = await create(policy(costly), policies)
    assert.ok([201, 422].includes(made.status), made.text.slice(0, 300))
    if (made.status !== 201) return
    await create(
      { metadata: { name: 'p' }, spec: { policyName: 'p', validationActions: ['Deny'] } },
      `${policies}bindings`.replace('policiesbindings', 'policybindings'),
    )
    await until(async () => {
      const answer = await create({ metadata: { generateName: 'c-' } }, '/api/v1/namespaces/default/configmaps')
      assert.ok(answer.status < 500, answer.text.slice(0, 300))
      return answer.status === 422 || answer.status === 403
    }, 'the end of the budget')
    await alive()
  })
})
