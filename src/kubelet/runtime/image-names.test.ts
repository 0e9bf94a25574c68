import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ImageNameError, isLatest, normalizeImageName, parseImageName } from './image-names.js'

const hex = 'a'.repeat(64)

test('normalizes image names', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['web', 'docker.io/library/web:latest'],
    ['web:1', 'docker.io/library/web:1'],
    ['user/web', 'docker.io/user/web:latest'],
    ['docker.io/web', 'docker.io/library/web:latest'],
    ['index.docker.io/library/web:2', 'docker.io/library/web:2'],
    ['localhost/web', 'localhost/web:latest'],
    ['localhost:5000/web:1', 'localhost:5000/web:1'],
    ['registry:5000/a/b/c', 'registry:5000/a/b/c:latest'],
    ['registry.example/a__b/c-d--e.f:v1.2_3-x', 'registry.example/a__b/c-d--e.f:v1.2_3-x'],
    ['[2001:db8::1]:5000/web', '[2001:db8::1]:5000/web:latest'],
    [`web@sha256:${hex}`, `docker.io/library/web@sha256:${hex}`],
    [`web:1@sha256:${hex}`, `docker.io/library/web:1@sha256:${hex}`],
    ['Host/web', 'Host/web:latest'],
  ]
  for (const [name, full] of cases) assert.equal(normalizeImageName(name), full, name)
})

test('refuses what names no image', () => {
  const wrong = [
    '',
    'Web',
    'a//b',
    '/a',
    'a/',
    'a:',
    'a:b c',
    'a b',
    'a@sha256:12',
    `a@md5:${'0'.repeat(32)}`,
    `a@sha256:${hex}00`,
    'registry.example/Web',
    'a/-b',
    'https://a/b',
    hex,
    'x'.repeat(300),
    `a:${'t'.repeat(129)}`,
    'web:@x',
    'a..b',
  ]
  for (const name of wrong) assert.throws(() => parseImageName(name), ImageNameError, name)
})

test('knows the names whose default pull policy is Always', () => {
  assert.equal(isLatest('web'), true)
  assert.equal(isLatest('web:latest'), true)
  assert.equal(isLatest('web:1'), false)
  assert.equal(isLatest(`web@sha256:${hex}`), false)
})
