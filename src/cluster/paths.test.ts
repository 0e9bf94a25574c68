import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { OperatorError } from './operator-error.js'
import { clusterPaths, listClusters, nodePaths, SOCKET_PATH_LIMIT, socketPath } from './paths.js'

const paths = (name?: string, root?: string, T8S_ROOT?: string) => clusterPaths(name, { root, env: { T8S_ROOT } })

describe('cluster paths', () => {
  test('follow the file system hierarchy', () => {
    const { data, run, logs, pki } = paths()
    assert.deepEqual(
      { data, run, logs, pki },
      {
        data: '/var/lib/typernetes/typernetes',
        run: '/run/typernetes/typernetes',
        logs: '/var/log/typernetes/typernetes',
        pki: '/var/lib/typernetes/typernetes/pki',
      },
    )
  })

  const roots: [string, string | undefined, string | undefined, string][] = [
    ['--root', '/r', undefined, '/r/lib/a'],
    ['T8S_ROOT', undefined, '/e', '/e/lib/a'],
    ['--root before T8S_ROOT', '/r', '/e', '/r/lib/a'],
    ['an empty T8S_ROOT is none', undefined, '', '/var/lib/typernetes/a'],
    ['relative ones become absolute', 'r', undefined, join(process.cwd(), 'r/lib/a')],
  ]
  for (const [what, root, env, data] of roots) test(what, () => assert.equal(paths('a', root, env).data, data))

  test('all of a root lies below it', () => {
    const cluster = paths('a', '/r')
    for (const [field, value] of Object.entries({ ...cluster, ...nodePaths(cluster, 'n.example') }))
      if (field !== 'name') assert.ok(value.startsWith('/r/'), field)
  })

  for (const name of ['', '.', '..', 'a/b', 'A', '-a', 'a-', 'a'.repeat(64), 'a b'])
    test(`refuses the name ${JSON.stringify(name)}`, () =>
      assert.throws(() => paths(name), { name: 'OperatorError', message: /cannot be the name of a cluster/ }))

  for (const name of ['', '..', 'a..b', 'a/b'])
    test(`refuses the node name ${JSON.stringify(name)}`, () =>
      assert.throws(() => nodePaths(paths(), name), /cannot be the name of a node/))
})

describe('socket paths', () => {
  test('have a limit', () => {
    const longest = `/${'x'.repeat(SOCKET_PATH_LIMIT - 1)}`
    assert.equal(socketPath(longest), longest)
    assert.throws(
      () => socketPath(`${longest}ü`),
      (error: unknown) => error instanceof OperatorError && error.remedy.includes('2 bytes must go'),
    )
  })

  test('are checked where they are made', () =>
    assert.throws(() => nodePaths(paths('a', `/${'x'.repeat(60)}`), 'n'.repeat(40)), /containerd\.sock is \d+ bytes/))
})

describe('clusters on this machine', () => {
  test('are the folders with their data', async () => {
    const root = await mkdtemp(join(tmpdir(), 't8s-paths-'))
    try {
      assert.deepEqual(await listClusters({ root }), [])
      await mkdir(join(root, 'lib/b'), { recursive: true })
      await mkdir(join(root, 'lib/a'))
      await writeFile(join(root, 'lib/file'), '')
      assert.deepEqual(await listClusters({ root }), ['a', 'b'])
    } finally {
      await rm(root, { recursive: true })
    }
  })
})
