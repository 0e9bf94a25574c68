import assert from 'node:assert/strict'
import { test } from 'node:test'
import { credentialsFor, parseDockerConfig, RegistryCredentialsError } from './registry-credentials.js'

const base64 = (text: string) => Buffer.from(text).toString('base64')
const entry = (user: string) => ({ auth: base64(`${user}:p:w`) })

test('reads both forms of docker config', () => {
  const expected = [
    {
      pattern: 'index.docker.io',
      auth: { username: 'u', password: 'p:w', serverAddress: 'https://index.docker.io/v1/' },
    },
  ]
  const auths = { 'https://index.docker.io/v1/': entry('u') }
  assert.deepEqual(parseDockerConfig(JSON.stringify({ auths })), expected)
  assert.deepEqual(parseDockerConfig(JSON.stringify(auths)), expected)
  assert.deepEqual(parseDockerConfig('{"auths":{"a.b":{"username":"x","password":"y","email":"e"},"c.d":{}}}'), [
    { pattern: 'a.b', auth: { username: 'x', password: 'y', serverAddress: 'a.b' } },
  ])
  assert.deepEqual(parseDockerConfig('{"auths":{"a.b":{"identitytoken":"t"}}}')[0]?.auth, {
    identityToken: 't',
    serverAddress: 'a.b',
  })
})

test('refuses what is no docker config without showing it', () => {
  for (const text of [
    '',
    'x',
    '[]',
    '{"auths":1}',
    '{"auths":{"a":1}}',
    '{"auths":{"a":{"auth":"c2VjcmV0"}}}',
    '{"a":{"username":3}}',
  ]) {
    assert.throws(
      () => parseDockerConfig(text),
      (error: unknown) => error instanceof RegistryCredentialsError && !error.message.includes('secret'),
      text,
    )
  }
})

test('matches images to credentials, the longest path first', () => {
  const patterns = [
    'https://index.docker.io/v1/',
    'registry.example',
    'registry.example/team',
    'registry.example/team/app',
    '*.kubernetes.io',
    '*.*.kubernetes.io',
    'reg-[0-9]?.example:5000',
    'http://plain.example/v2/sub/',
    'localhost:5000',
    '[^a-c]*o*.test',
  ]
  const credentials = parseDockerConfig(JSON.stringify({ auths: Object.fromEntries(patterns.map(p => [p, entry(p)])) }))
  const users = (image: string) => credentialsFor(image, credentials).map(auth => auth.serverAddress)
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['nginx', ['https://index.docker.io/v1/']],
    ['docker.io/me/app:1', ['https://index.docker.io/v1/']],
    ['registry.example/other', ['registry.example']],
    ['registry.example/team/x', ['registry.example/team', 'registry.example']],
    ['registry.example/team/app:2', ['registry.example/team/app', 'registry.example/team', 'registry.example']],
    ['registry.example:443/team/app', []],
    ['a.kubernetes.io/pause', ['*.kubernetes.io']],
    ['a.b.kubernetes.io/pause', ['*.*.kubernetes.io']],
    ['kubernetes.io/pause', []],
    ['reg-5x.example:5000/a', ['reg-[0-9]?.example:5000']],
    ['reg-x5.example:5000/a', []],
    ['reg-5x.example/a', []],
    ['plain.example/sub/a', ['http://plain.example/v2/sub/']],
    ['plain.example/a', []],
    ['localhost:5000/a', ['localhost:5000']],
    ['zoo.test/a', ['[^a-c]*o*.test']],
    ['coo.test/a', []],
  ]
  for (const [image, expected] of cases) assert.deepEqual(users(image), expected, image)
})
