import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { stringify } from 'yaml'
import { type Clock, systemClock } from '../../machinery/clock.js'
import { lmdbStore } from '../../storage/index.js'
import { otherToken, TestServer, until } from '../test-server.js'
import { TestKmsPlugin } from './test-kms-plugin.js'

const key = (name: string, seed: string) => ({ name, secret: Buffer.alloc(32, seed).toString('base64') })
const identity = { identity: {} }
const configuration = (resources: readonly string[], ...providers: object[]) =>
  stringify({
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'EncryptionConfiguration',
    resources: [{ resources, providers }],
  })

const hidden = 'what nobody shall read'
const secret = (name: string, text = hidden) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name },
  stringData: { text },
})
const secretsPath = '/api/v1/namespaces/default/secrets'

/** A folder for a configuration and a store; servers on it one after the other. */
class World {
  readonly #folder: string
  /** What the clock was asked to do in a minute. */
  readonly #minutely: (() => void)[] = []
  readonly faults: unknown[] = []

  constructor(folder: string) {
    this.#folder = folder
  }

  static async make(): Promise<World> {
    return new World(await mkdtemp(join(tmpdir(), 't8s-encryption-')))
  }

  get store(): string {
    return join(this.#folder, 'store')
  }

  get file(): string {
    return join(this.#folder, 'encryption.yaml')
  }

  configure(text: string): Promise<void> {
    return writeFile(this.file, text)
  }

  start(encrypted = true): Promise<TestServer> {
    const clock: Clock = {
      now: () => systemClock.now(),
      after: (ms, action) => {
        if (ms === 60_000) this.#minutely.push(action)
        return systemClock.after(ms, action)
      },
    }
    return TestServer.start({
      dataDir: this.store,
      clock,
      onError: error => this.faults.push(error),
      ...(encrypted ? { operation: { encryption: { file: this.file, reload: true } } } : {}),
    })
  }

  /** As if a minute had passed. */
  minute(): void {
    for (const action of this.#minutely.splice(0)) action()
  }

  /** How the values of a folder begin, by name, in a store nobody has open. */
  async stored(folder: string): Promise<{ readonly [name: string]: string }> {
    await using store = await lmdbStore({ path: this.store })
    const { entries } = await store.list(`/registry/${folder}/`)
    return Object.fromEntries(
      entries.map(entry => [
        entry.key.slice(entry.key.lastIndexOf('/') + 1),
        /^(?:k8s:enc:[a-z]+:v\d:[a-z0-9]+:|\{)/.exec(Buffer.from(entry.value).toString('latin1'))?.[0] ?? '?',
      ]),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }
}

const put = async (server: TestServer, path: string, name: string): Promise<void> => {
  const { json } = await server.http2({ path: `${path}/${name}` })
  const { status } = await server.http2({ method: 'PUT', path: `${path}/${name}`, body: json })
  assert.equal(status, 200)
}
const create = async (server: TestServer, path: string, body: object): Promise<void> => {
  const { status, text } = await server.http2({ method: 'POST', path, body })
  assert.equal(status, 201, text)
}

describe('encryption at rest', () => {
  let world: World
  before(async () => {
    world = await World.make()
  })
  after(() => world[Symbol.asyncDispose]())
  const aesgcm = (...keys: ReturnType<typeof key>[]) => ({ aesgcm: { keys } })

  it('begins with what is there in plain text, and encrypts what is written', async () => {
    {
      await using server = await world.start(false)
      await create(server, secretsPath, secret('plain', 'was plain'))
    }
    await world.configure(configuration(['secrets'], aesgcm(key('key1', 'a')), identity))
    {
      await using server = await world.start()
      await create(server, secretsPath, secret('one'))
      const { json } = await server.http2({ path: secretsPath })
      assert.deepEqual(
        json.items.map(({ data }: { data: { text: string } }) => Buffer.from(data.text, 'base64').toString()),
        [hidden, 'was plain'],
      )
      const { text } = await server.http2({ path: '/metrics' })
      assert.match(text, /transformation_operations_total\{.*k8s:enc:aesgcm:v1:.*\} 1\n/)
    }
    assert.deepEqual(await world.stored('secrets/default'), { one: 'k8s:enc:aesgcm:v1:key1:', plain: '{' })
  })

  it('leaves nothing to be read in the files', async () => {
    const files = await readdir(world.store, { recursive: true, withFileTypes: true })
    let bytes = 0
    for (const file of files.filter(one => one.isFile())) {
      const content = await readFile(join(file.parentPath, file.name))
      bytes += content.length
      for (const form of [hidden, Buffer.from(hidden).toString('base64')]) assert.equal(content.includes(form), false)
    }
    assert.ok(bytes > 0)
  })

  it('rewrites what is encrypted otherwise when it is put as it is, and nothing else', async () => {
    {
      await using server = await world.start()
      const versions = async () => {
        const { json } = await server.http2({ path: secretsPath })
        return json.items.map((one: { metadata: { resourceVersion: string } }) => Number(one.metadata.resourceVersion))
      }
      const before = await versions()
      await put(server, secretsPath, 'plain')
      await put(server, secretsPath, 'one')
      const later = await versions()
      assert.equal(later[0], before[0])
      assert.ok(later[1] > before[1])
      // A rotation: first the key is known, then it is used.
      await world.configure(configuration(['secrets'], aesgcm(key('key2', 'b'), key('key1', 'a'))))
      world.minute()
      await until(async () =>
        /automatic_reloads_total\{.*success.*\} 1\n/.test((await server.http2({ path: '/metrics' })).text),
      )
      await put(server, secretsPath, 'one')
      const { status } = await server.http2({ path: '/readyz/kms-providers' })
      assert.equal(status, 200)
    }
    assert.deepEqual(await world.stored('secrets/default'), {
      one: 'k8s:enc:aesgcm:v1:key2:',
      plain: 'k8s:enc:aesgcm:v1:key1:',
    })
  })

  it('keeps the configuration it has when a new one is wrong', async () => {
    await using server = await world.start()
    const good = await readFile(world.file, 'utf8')
    await world.configure('kind: Pod')
    world.minute()
    await until(() => world.faults.length > 0)
    assert.match(String((world.faults.splice(0)[0] as Error).cause), /it is of kind Pod/)
    assert.match((await server.http2({ path: '/metrics' })).text, /automatic_reloads_total\{.*failure.*\} 1\n/)
    await create(server, secretsPath, secret('still'))
    await world.configure(good)
  })

  it('does not start with a configuration that is wrong', async () => {
    const good = await readFile(world.file, 'utf8')
    await world.configure(configuration(['secrets'], { secretbox: { keys: [{ name: 'a', secret: 'AA==' }] } }))
    await assert.rejects(world.start(), { name: 'EncryptionConfigError', message: /got 1, expected one of \[32\]/ })
    await world.configure(good)
  })

  it('answers with an error for what it cannot read, and for that alone', async () => {
    const good = await readFile(world.file, 'utf8')
    await world.configure(configuration(['secrets'], aesgcm(key('key2', 'b'))))
    await using server = await world.start()
    const lost = 'no matching key was found for the provided AES transformer'
    const at = `${secretsPath}/plain`
    const one = await server.http2({ path: at })
    assert.deepEqual(
      [one.status, one.json.reason, one.json.message],
      [500, 'InternalError', `Internal error occurred: ${lost}`],
    )
    for (const path of [secretsPath, '/api/v1/secrets', '/api/v1/secrets?labelSelector=a%3Db']) {
      const { status, json } = await server.http2({ path })
      const place = 'unable to transform key "/registry/secrets/default/plain"'
      assert.deepEqual([status, json.message], [500, `Internal error occurred: ${place}: ${lost}`], path)
    }
    for (const method of ['DELETE', 'PUT']) {
      const { status } = await server.http2({
        method,
        path: at,
        ...(method === 'PUT' ? { body: secret('plain') } : {}),
      })
      assert.equal(status, 500, method)
    }
    assert.equal((await server.http2({ method: 'POST', path: secretsPath, body: secret('plain') })).status, 409)
    assert.equal((await server.http2({ path: `${secretsPath}/one` })).status, 200)
    assert.equal((await server.http2({ path: '/api/v1/namespaces/kube-system/secrets' })).status, 200)
    await create(server, secretsPath, secret('new'))
    const anyway = 'ignoreStoreReadErrorWithClusterBreakingPotential=true'
    const outsider = { authorization: `Bearer ${otherToken}` }
    const rbac = '/apis/rbac.authorization.k8s.io/v1'
    const metadata = { name: 'deletes' }
    await create(server, `${rbac}/clusterroles`, {
      metadata,
      rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['delete'] }],
    })
    await create(server, `${rbac}/clusterrolebindings`, {
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'deletes' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'other' }],
    })
    const tried = await server.http2({ method: 'DELETE', path: `${at}?${anyway}&dryRun=All` })
    assert.deepEqual([tried.status, tried.json.details], [200, { name: 'plain', kind: 'secrets' }])
    const refused = await server.http2({ method: 'DELETE', path: `${at}?${anyway}`, headers: outsider })
    assert.match(refused.json.message, /User "other" cannot unsafe-delete-ignore-read-errors resource "secrets"/)
    assert.equal((await server.http2({ path: at })).status, 500)
    // With the key back, everything is there again.
    await world.configure(good)
    world.minute()
    await until(async () => (await server.http2({ path: secretsPath })).status === 200)
    assert.equal((await server.http2({ path: at })).json.data.text, Buffer.from('was plain').toString('base64'))
  })

  it('deletes what cannot be read for who accepts what that breaks', async () => {
    const good = await readFile(world.file, 'utf8')
    await world.configure(configuration(['secrets'], aesgcm(key('key2', 'b'))))
    await using server = await world.start()
    const at = `${secretsPath}/plain`
    const options = { kind: 'DeleteOptions', apiVersion: 'v1', ignoreStoreReadErrorWithClusterBreakingPotential: true }
    assert.equal((await server.http2({ method: 'DELETE', path: at, body: options })).status, 200)
    assert.equal((await server.http2({ path: at })).status, 404)
    assert.equal((await server.http2({ path: secretsPath })).status, 200)
    await create(server, secretsPath, secret('plain', 'again'))
    await world.configure(good)
  })

  it('tells encrypted data from broken ones without any configuration', async () => {
    await using server = await world.start(false)
    const { json } = await server.http2({ path: `${secretsPath}/one` })
    assert.equal(json.message, 'Internal error occurred: identity transformer tried to read encrypted data')
    assert.equal((await server.http2({ path: '/api/v1/namespaces' })).status, 200)
  })
})

describe('encryption with a KMS plugin', () => {
  const definition = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'widgets', kind: 'Widget' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'string' } } } },
        },
      ],
    },
  }
  const widgets = '/apis/example.com/v1/namespaces/default/widgets'

  it('encrypts custom resources too, and waits for a plugin that starts later', async () => {
    await using world = await World.make()
    await using plugin = await TestKmsPlugin.make()
    const kms = { kms: { apiVersion: 'v2', name: 'box', endpoint: plugin.endpoint, timeout: '60s' } }
    await world.configure(configuration(['secrets', '*.example.com'], kms, identity))
    await plugin.listen()
    {
      await using server = await world.start()
      assert.equal((await server.http2({ path: '/readyz/kms-providers' })).status, 200)
      await create(server, '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition)
      await until(async () => (await server.http2({ path: widgets })).status === 200)
      const widget = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'w' }, spec: hidden }
      await create(server, widgets, widget)
      await create(server, secretsPath, secret('one'))
      assert.equal((await server.http2({ path: `${widgets}/w` })).json.spec, hidden)
      plugin.keyId = 'key-2'
    }
    for (const folder of ['secrets/default', 'example.com/widgets/default'])
      assert.deepEqual(Object.values(await world.stored(folder)), ['k8s:enc:kms:v2:box:'], folder)
    plugin.stop()
    {
      await using server = await world.start()
      const late = await server.http2({ path: `${widgets}/w` })
      assert.equal(late.status, 500)
      assert.equal((await server.http2({ path: '/readyz' })).status, 500)
      assert.match(
        (await server.http2({ path: '/readyz?verbose=1' })).text,
        /\[-\]kms-providers failed: reason withheld/,
      )
      const refused = await server.http2({ method: 'POST', path: secretsPath, body: secret('two') })
      assert.equal(refused.status, 500)
      await plugin.listen()
      // A failure counts for three seconds; then readiness asks again.
      await until(async () => (await server.http2({ path: '/readyz/kms-providers' })).status === 200)
      await until(async () => (await server.http2({ path: `${widgets}/w` })).status === 200)
      await put(server, secretsPath, 'one')
      assert.ok(plugin.calls.includes('Decrypt'))
    }
  })
})
