import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { TestServer, until } from '../test-server.js'
import { base, define, definitionOf, definitionPath, objectOf } from './test-definitions.js'

describe('stored versions of a custom resource', () => {
  let server: TestServer
  const schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
  const version = (name: string, storage: boolean) => ({
    name,
    served: true,
    storage,
    schema: { openAPIV3Schema: schema },
  })
  const put = async (path: string, change: (object: { [field: string]: never }) => void = () => {}) => {
    const { json } = await server.http2({ path })
    change(json)
    return server.http2({ method: 'PUT', path, body: json })
  }
  const definition = async (names: readonly [string, boolean][]) => {
    const { status, text } = await put(definitionPath('things'), object => {
      Object.assign(object['spec'] as never, { versions: names.map(([name, storage]) => version(name, storage)) })
    })
    return { status, text }
  }
  const status = (storedVersions: readonly string[]) =>
    put(`${definitionPath('things')}/status`, object => {
      Object.assign(object['status'] as never, { storedVersions })
    })

  before(async () => {
    server = await TestServer.start()
    await define(server, definitionOf('things', schema))
  })
  after(() => server[Symbol.asyncDispose]())

  it('are told of, and rewritten by updates that change nothing, once', async () => {
    await server.http2({ method: 'POST', path: `${base}/things`, body: objectOf('things', 'a', { size: 1 }) })
    await definition([
      ['v1', false],
      ['v2', true],
    ])
    const path = `${base}/things/a`.replace('/v1/', '/v2/')
    await until(async () => (await server.http2({ path })).status === 200)
    const { json } = await server.http2({ path: definitionPath('things') })
    assert.deepEqual(json.status.storedVersions, ['v1', 'v2'])
    const versionOf = async () => (await server.http2({ path })).json.metadata.resourceVersion
    const first = await versionOf()
    const patched = await server.http2({
      method: 'PATCH',
      path,
      body: {},
      headers: { 'content-type': 'application/merge-patch+json' },
    })
    assert.equal(patched.status, 200)
    const second = await versionOf()
    assert.notEqual(second, first)
    assert.equal(
      server.controlPlane.server.host.feed.cacheOf('/registry/test.example.com/things/')?.get('default/a')?.object
        .apiVersion,
      'test.example.com/v2',
    )
    await put(path)
    await put(`${base}/things/a`)
    assert.equal(await versionOf(), second)
  })

  it('hold their version in the definition until they are taken out of its status', async () => {
    const early = await definition([['v2', true]])
    assert.equal(early.status, 422)
    assert.match(
      early.text,
      /missing from spec.versions; v1 was previously a storage version, and must remain in spec.versions/,
    )
    assert.equal((await status(['v2'])).status, 200)
    assert.equal((await definition([['v2', true]])).status, 200)
  })
})
