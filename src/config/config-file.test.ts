import assert from 'node:assert/strict'
import { basename } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { apiClient } from '../client/api-client.js'
import { systemClock } from '../machinery/clock.js'
import { serviceUnavailable } from '../machinery/status-error.js'
import { checkConfigFile } from './config-file.js'
import { loadConfigFile } from './load-config.js'
import { type ConfigFolder, configFolder } from './test-config-file.js'

describe('a configuration file', () => {
  let folder: ConfigFolder
  before(async () => {
    folder = await configFolder()
  })
  after(() => folder[Symbol.asyncDispose]())

  const check = async (text: string) => {
    const file = await folder.write(text)
    return checkConfigFile(file, systemClock)
  }

  it('says what it declares, as data', async () => {
    const { manifest } = await check(`
      import { admission, controller, defineConfig } from 'typernetes'
      import { ConfigMap, Deployment } from 'typernetes/api'
      enum Places { Here = 'here' }
      export default defineConfig({
        admission: [
          admission({ name: Places.Here, match: { resources: [Deployment, 'pods'], namespaces: ['a'] }, validate() {} }),
        ],
        controllers: [controller({ name: 'c', watches: { for: Deployment, owns: [ConfigMap] }, async reconcile() {} })],
        authorizers: [{ name: 'z', timeoutMs: 100, failurePolicy: 'Ignore', authorize: () => undefined }],
      })`)
    assert.deepEqual(manifest.admission, [
      {
        name: 'here',
        points: ['validate'],
        match: {
          resources: [{ gvk: { group: 'apps', version: 'v1', kind: 'Deployment' }, plural: 'deployments' }, 'pods'],
          namespaces: ['a'],
        },
      },
    ])
    assert.deepEqual(manifest.authorizers, [
      { name: 'z', points: ['authorize'], timeoutMs: 100, failurePolicy: 'Ignore' },
    ])
    assert.deepEqual(
      manifest.controllers.map(({ name, rights }) => [name, rights.map(({ resources }) => resources?.[0])]),
      [['c', ['deployments', 'deployments/status', 'deployments/finalizers', 'configmaps', 'events']]],
    )
  })

  it('may be a function that waits, and import other files', async () => {
    await folder.write(`export const names: string[] = ['one', 'two']`, 'names.ts')
    const text = `
      import { defineConfig } from 'typernetes'
      import { names } from './names.js'
      export default defineConfig(async () => ({ hooks: names.map(name => ({ name, before() {} })) }))`
    const { manifest, digest } = await check(text)
    assert.deepEqual(
      manifest.hooks.map(({ name }) => name),
      ['one', 'two'],
    )
    await folder.write(`export const names: string[] = ['two', 'three']`, 'names.ts')
    assert.notEqual((await check(text)).digest, digest)
  })

  const wrong: [string, string, RegExp][] = [
    [
      'a custom resource that no API server would take',
      `import { customResource, defineConfig } from 'typernetes'
       const Foo = customResource({ group: 'example', version: '1', kind: 'Foo', spec: {} })
       export default defineConfig({ resources: [Foo] })`,
      /resources\[0\] \(foos\.example\): spec\.group: .*at least one dot\n.*resources\[0\].*spec\.versions\[0\]\.name/,
    ],
    [
      'what is no TypeScript',
      `export default {\n  a: 1\n  b: 2\n}`,
      /case\d+\.ts:3:\d+: Unexpected token, expected ","$/,
    ],
    [
      'what throws',
      `interface A { a: { b: number } }\n\nconst a = undefined as unknown as A\nexport default a.a.b`,
      /case\d+\.ts:4:\d+: TypeError: Cannot read properties of undefined/,
    ],
    [
      'a function that throws',
      `export default async () => {\n  throw new Error('no key')\n}`,
      /case\d+\.ts:2:\d+: no key$/,
    ],
    [
      'a missing package',
      `import x from 'not-there'\nexport default x`,
      /case\d+\.ts:1:\d+: Cannot find module 'not-there'/,
    ],
    ['nothing exported', `export const a = 1`, /has no default export: write `export default defineConfig/],
    ['no object', `export default 5`, /the configuration is no object/],
    ['an unknown part', `export default { hook: [] }`, /: hook is unknown; there is: resources, controllers, /],
    ['no list', `export default { hooks: {} }`, /: hooks must be a list, not an object$/],
    [
      'an unknown function',
      `export default { admission: [{ name: 'a', validat() {} }] }`,
      /: admission\[0\]\.validat is unknown; there is: name, match, timeoutMs, failurePolicy, mutate, validate$/,
    ],
    [
      'nothing to do',
      `export default { hooks: [{ name: 'a' }] }`,
      /: hooks\[0\] does nothing: it has none of before, after$/,
    ],
    [
      'no name',
      `export default { hooks: [{ before() {} }] }`,
      /: hooks\[0\]\.name is missing: it must be a name of lower/,
    ],
    [
      'no kind',
      `export default { controllers: [{ name: 'a', watches: { for: 'pods' }, reconcile() {} }] }`,
      /: controllers\[0\]\.watches\.for must be a kind, such as Deployment of typernetes\/api, not "pods"$/,
    ],
    [
      'a long time',
      `export default { hooks: [{ name: 'a', timeoutMs: 60_000, before() {} }] }`,
      /timeoutMs must be a number of milliseconds, 30000 at most, not 60000$/,
    ],
    [
      'no policy',
      `export default { hooks: [{ name: 'a', failurePolicy: 'fail', before() {} }] }`,
      /failurePolicy must be "Fail" or "Ignore", not "fail"$/,
    ],
    [
      'one name for two',
      `export default { hooks: [{ name: 'a', before() {} }, { name: 'a', after() {} }] }`,
      /: hooks\[1\] is called a, as another one is$/,
    ],
  ]
  for (const [i, [what, text, message]] of wrong.entries())
    it(`tells of ${what}`, async () => {
      // In this thread, which is quicker; each under a name of its own, as modules are loaded once.
      const file = await folder.write(text, `case${i}.ts`)
      const cluster = { client: apiClient(() => Promise.reject(serviceUnavailable(''))), clock: systemClock }
      await assert.rejects(loadConfigFile(file, cluster), { name: 'ConfigError', message })
    })

  it('tells of what ends its thread', () =>
    assert.rejects(check('process.exit(1)'), {
      name: 'ConfigError',
      message: /ended its thread: does it call process\.exit\?$/,
    }))

  it('tells all that is wrong at once', () =>
    assert.rejects(check(`export default { hooks: [{}], admissions: [] }`), error => {
      const lines = (error as Error).message.split('\n')
      assert.deepEqual(
        lines.map(line => basename(line.split(': ')[0] ?? '')),
        ['t8s.config.ts', 't8s.config.ts'],
      )
      return true
    }))

  it('that is not there is told of', () =>
    assert.rejects(checkConfigFile('/nowhere/t8s.config.ts', systemClock), {
      name: 'ConfigError',
      message: /^\/nowhere\/t8s\.config\.ts cannot be read: ENOENT/,
    }))
})
