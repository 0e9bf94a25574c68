import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { resources } from '../../../api/resources.js'
import type { ApiObject } from '../../../machinery/object.js'
import { type Resource, resource, statusView } from '../../../machinery/resource.js'
import { type Kind, kind } from '../../../schema/index.js'
import { type Answer, ask, entryOf, registriesOf } from '../test-stage.js'
import { openApiStage } from './openapi-stage.js'

const now = () => Date.parse('2026-01-01T00:00:00Z')
const builtIn = resources.filter(({ kind: { gvk } }) => ['', 'apps', 'autoscaling'].includes(gvk.group))

const schema = (prefix: string) => ({
  type: 'object',
  properties: { metadata: { $ref: `${prefix}io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta` } },
})
const boats = resource(
  kind(
    'com.example.v1.Boat',
    { group: 'example.com', version: 'v1', plural: 'boats', namespaced: true },
    {},
  ) as unknown as Kind<ApiObject>,
  { subresources: [statusView()], openApi: { v2: schema('#/definitions/'), v3: schema('#/components/schemas/') } },
) as unknown as Resource

const protobuf = (version: string) => `application/com.github.proto-openapi.spec.${version}@v1.0+protobuf`
const bytesOf = (answer: Answer | undefined): Buffer =>
  answer?.body.kind === 'bytes' ? Buffer.concat(answer.body.chunks) : Buffer.alloc(0)
const indexOf = async (stage: ReturnType<typeof openApiStage>) =>
  (await ask(stage, '/openapi/v3'))?.json().paths as { [name: string]: { serverRelativeURL: string } }

describe('the index of OpenAPI v3', () => {
  it('lists a document each for groups, their versions and the server itself', async () => {
    const stage = openApiStage(registriesOf(builtIn), now)
    assert.deepEqual(Object.keys(await indexOf(stage)), [
      '.well-known/openid-configuration',
      'api',
      'api/v1',
      'apis',
      'apis/apps',
      'apis/apps/v1',
      'apis/autoscaling',
      'apis/autoscaling/v1',
      'apis/autoscaling/v2',
      'logs',
      'openid/v1/jwks',
      'version',
    ])
  })

  it('follows what is served: only documents that tell of it change', async () => {
    const registries = registriesOf(builtIn)
    const stage = openApiStage(registries, now)
    const before = await indexOf(stage)
    const v2 = await ask(stage, '/openapi/v2')
    const entry = entryOf(boats)
    registries.add(entry)
    const with_ = await indexOf(stage)
    assert.deepEqual(
      Object.keys(with_).filter(name => with_[name]?.serverRelativeURL !== before[name]?.serverRelativeURL),
      ['apis/example.com/v1'],
    )
    assert.notEqual((await ask(stage, '/openapi/v2'))?.headers['etag'], v2?.headers['etag'])
    registries.remove(entry)
    assert.deepEqual(await indexOf(stage), before)
    assert.equal((await ask(stage, '/openapi/v2'))?.headers['etag'], v2?.headers['etag'])
    assert.equal(await ask(stage, '/openapi/v3/apis/example.com/v1'), undefined)
  })
})

describe('documents', () => {
  const stage = openApiStage(registriesOf([...builtIn, boats]), now)

  it('may be kept for good by whoever asks by their hash', async () => {
    const url = (await indexOf(stage))['apis/apps/v1']?.serverRelativeURL ?? ''
    const answer = await ask(stage, url)
    assert.equal(answer?.status, 200)
    assert.equal(answer?.headers['cache-control'], 'public, immutable')
    assert.equal(answer?.headers['expires'], 'Fri, 01 Jan 2027 00:00:00 GMT')
    const moved = await ask(stage, '/openapi/v3/apis/apps/v1?hash=OLD')
    assert.equal(moved?.status, 301)
    assert.equal(moved?.headers['location'], url)
  })

  for (const path of ['/openapi/v2', '/openapi/v3/api/v1']) {
    const version = path.slice(9, 11)
    const named = protobuf(version).replace('@', '.')
    const forms: readonly (readonly [accept: string | undefined, status: number, contentType: string | undefined])[] = [
      [undefined, 200, 'application/json'],
      ['*/*', 200, 'application/json'],
      ['application/*', 200, 'application/json'],
      [protobuf(version), 200, named],
      [named, 200, named],
      [`${protobuf(version)}, application/json`, 200, named],
      [`${protobuf(version)};q=0.5, application/json`, 200, 'application/json'],
      [`image/png, application/json;q=0.1`, 200, 'application/json'],
      ['image/png', 406, undefined],
      ['application/yaml', 406, undefined],
    ]
    for (const [accept, status, contentType] of forms)
      it(`${path} as ${accept ?? 'anything'}`, async () => {
        const answer = await ask(stage, path, accept ? { accept } : {})
        assert.equal(answer?.status, status)
        assert.equal(answer?.headers['content-type'], contentType)
      })

    it(`${path} is not sent again to who has it, and packed for who can unpack it`, async () => {
      const plain = await ask(stage, path)
      const etag = String(plain?.headers['etag'])
      for (const tag of [etag, `W/${etag}`, `"x", ${etag}`, '*'])
        assert.equal((await ask(stage, path, { 'if-none-match': tag }))?.status, 304, tag)
      assert.equal((await ask(stage, path, { 'if-none-match': '"x"' }))?.status, 200)
      const packed = await ask(stage, path, { 'accept-encoding': 'br, gzip' })
      assert.equal(packed?.headers['content-encoding'], 'gzip')
      assert.deepEqual(gunzipSync(bytesOf(packed)), bytesOf(plain))
    })
  }

  it('describe custom resources by the schema they bring', async () => {
    const { paths, components } = (await ask(stage, '/openapi/v3/apis/example.com/v1'))?.json() ?? {}
    assert.ok(!Object.keys(paths).some(path => path.includes('/watch/')))
    const { patch } = paths['/apis/example.com/v1/namespaces/{namespace}/boats/{name}']
    assert.equal(patch.operationId, 'patchExampleComV1NamespacedBoat')
    assert.ok(!('application/strategic-merge-patch+json' in patch.requestBody.content))
    assert.deepEqual(components.schemas['com.example.v1.Boat'], boats.openApi?.v3)
    assert.ok('com.example.v1.BoatList' in components.schemas)
    const v2 = (await ask(stage, '/openapi/v2'))?.json()
    assert.deepEqual(v2.definitions['com.example.v1.Boat'], boats.openApi?.v2)
  })

  it('refer to nothing that they do not hold', async () => {
    const documents = ['/openapi/v2', ...Object.values(await indexOf(stage)).map(one => one.serverRelativeURL)]
    for (const url of documents) {
      const answer = await ask(stage, url)
      const document = answer?.json()
      for (const [, reference = ''] of answer?.text.matchAll(/"\$ref":"#\/([^"]+)"/g) ?? []) {
        const target = reference.split('/').reduce((at, name) => at?.[name], document)
        assert.ok(target, `${url}: ${reference}`)
      }
    }
  })

  it('tell, of every kind that is patched, that it can be validated', async () => {
    // kubectl looks at any one operation of a kind, in no order.
    for (const name of Object.keys(await indexOf(stage))) {
      const { paths } = (await ask(stage, `/openapi/v3/${name}`))?.json() ?? {}
      for (const [path, item] of Object.entries<{ patch?: { [key: string]: unknown } }>(paths)) {
        if (!item.patch || item.patch['x-kubernetes-action'] === 'connect') continue
        assert.match(JSON.stringify(item), /"fieldValidation"/, path)
      }
    }
  })
})
