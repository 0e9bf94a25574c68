import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import {
  contextEntry,
  kubeconfigForNewContext,
  kubeconfigPaths,
  mergeContext,
  readKubeconfig,
  removeContext,
} from './kubeconfig.js'

const entry = (name: string, server = 'https://127.0.0.1:6443') => ({ name, cluster: { server }, user: { token: 't' } })

const MINE = `# my clusters
apiVersion: v1
clusters:
- cluster:
    server: https://work.example   # do not touch
    x-unknown: 007
  name: work
contexts:
- context:
    cluster: work
    namespace: "team"
    user: work
  name: work
current-context: work
kind: Config
preferences: {}
users:
- name: work
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      args: [token, --long]
      command: get-it
# the end
`

describe('kubeconfig', () => {
  let folder: string
  let file: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 't8s-kubeconfig-'))
    file = join(folder, 'config')
  })
  afterEach(() => rm(folder, { recursive: true }))

  test('a new file is for its owner alone', async () => {
    const path = join(folder, '.kube/config')
    const env = { HOME: folder }
    assert.equal(await mergeContext(undefined, { ...entry('a'), namespace: 'n' }, { env }), path)
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    assert.equal(
      await readFile(path, 'utf8'),
      `apiVersion: v1
kind: Config
clusters:
- cluster:
    server: https://127.0.0.1:6443
  name: a
contexts:
- context:
    cluster: a
    namespace: n
    user: a
  name: a
current-context: a
users:
- user:
    token: t
  name: a
`,
    )
  })

  test('all else is kept, to the letter', async () => {
    await writeFile(file, MINE, { mode: 0o640 })
    await chmod(file, 0o640)
    await mergeContext(file, entry('a'))
    const merged = await readFile(file, 'utf8')
    assert.ok(merged.includes('server: https://work.example # do not touch\n    x-unknown: 007\n'), merged)
    assert.ok(merged.startsWith('# my clusters\n'))
    assert.equal((await stat(file)).mode & 0o777, 0o640)
    assert.equal((await readKubeconfig(file))['current-context'], 'a')
    await removeContext(file, 'a')
    assert.equal(
      await readFile(file, 'utf8'),
      MINE.replace('   # do', ' # do')
        .replace('current-context: work', 'current-context: ""')
        .replace('# the end', '\n# the end'),
    )
  })

  test('the same name is replaced in its place', async () => {
    await writeFile(file, MINE)
    await mergeContext(file, entry('work', 'https://new'), { setCurrent: false })
    const { clusters, users, contexts } = await readKubeconfig(file)
    assert.deepEqual(clusters, [{ name: 'work', cluster: { server: 'https://new' } }])
    assert.deepEqual(users, [{ name: 'work', user: { token: 't' } }])
    assert.deepEqual(contexts, [{ name: 'work', context: { cluster: 'work', user: 'work' } }])
  })

  test('the current context may stay', async () => {
    await writeFile(file, MINE)
    await mergeContext(file, entry('a'), { setCurrent: false })
    assert.equal((await readKubeconfig(file))['current-context'], 'work')
    assert.equal(await removeContext(file, 'a'), true)
    assert.equal((await readKubeconfig(file))['current-context'], 'work')
  })

  for (const [what, text] of [
    ['empty', ''],
    ['a comment', '# nothing yet\n'],
    ['null lists', 'apiVersion: v1\nkind: Config\nclusters: null\ncontexts: null\nusers: null\n'],
    ['empty lists', 'apiVersion: v1\nkind: Config\nclusters: []\ncontexts: []\nusers: []\n'],
    ['JSON', '{"apiVersion":"v1","kind":"Config","clusters":[],"contexts":[],"users":[]}'],
    ['indented lists', 'clusters:\n  - name: x\n    cluster: {server: https://x}\n'],
  ] as const)
    test(`a file that is ${what} is filled`, async () => {
      await writeFile(file, text)
      await mergeContext(file, entry('a'))
      const config = await readKubeconfig(file)
      assert.equal(config['current-context'], 'a')
      assert.ok(config.clusters?.some(cluster => cluster.name === 'a'))
      const written = await readFile(file, 'utf8')
      if (what === 'a comment') assert.ok(written.startsWith('# nothing yet\n'), written)
      if (what === 'indented lists') assert.ok(written.includes('\n  - name: x\n'), written)
      assert.equal(await removeContext(file, 'a'), true)
      assert.equal(
        (await readKubeconfig(file)).clusters?.some(cluster => cluster.name === 'a'),
        false,
      )
    })

  for (const [what, text, message] of [
    ['broken YAML', 'clusters:\n- a: [\nb', /not a valid kubeconfig: .*, line \d/],
    ['a list', '- a\n', /it is not a mapping/],
    ['text', 'hello', /it is not a mapping/],
    ['two documents', 'a: 1\n---\nb: 2\n', /multiple documents/],
    ['clusters as a mapping', 'clusters: {a: b}\n', /clusters is not a list/],
    ['a key twice', 'users: []\nusers: []\n', /unique/],
  ] as const)
    test(`${what} is refused and left alone`, async () => {
      await writeFile(file, text)
      await assert.rejects(mergeContext(file, entry('a')), { name: 'OperatorError', message, remedy: /left as it is/ })
      assert.equal(await readFile(file, 'utf8'), text)
      assert.deepEqual(await readdir(folder), ['config'])
    })

  test('a symbolic link stays one', async () => {
    await writeFile(join(folder, 'real'), MINE)
    await symlink('real', file)
    await mergeContext(file, entry('a'))
    assert.ok((await readFile(join(folder, 'real'), 'utf8')).includes('name: a\n'))
    assert.deepEqual((await readdir(folder)).sort(), ['config', 'real'])
  })

  test('writers take turns', async () => {
    const names = ['a', 'b', 'c', 'd', 'e']
    await Promise.all(names.map(name => mergeContext(file, entry(name))))
    const { clusters } = await readKubeconfig(file)
    assert.deepEqual(clusters?.map(cluster => cluster.name).sort(), names)
  })

  describe('removing', () => {
    test('leaves what others use', async () => {
      const shared = MINE.replace('contexts:\n', 'contexts:\n- context: {cluster: work, user: other}\n  name: second\n')
      await writeFile(file, shared)
      assert.equal(await removeContext(file, 'work'), true)
      const { clusters, users, contexts } = await readKubeconfig(file)
      assert.deepEqual(
        clusters?.map(cluster => cluster.name),
        ['work'],
      )
      assert.deepEqual(
        contexts?.map(context => context.name),
        ['second'],
      )
      assert.deepEqual(users, [])
    })

    test('what is not there changes nothing', async () => {
      await writeFile(file, MINE)
      assert.equal(await removeContext(file, 'other'), false)
      assert.equal(await removeContext(join(folder, 'none'), 'work'), false)
      assert.equal(await readFile(file, 'utf8'), MINE)
    })

    test('looks into every file', async () => {
      const other = join(folder, 'other')
      await mergeContext(file, entry('a'))
      await mergeContext(other, entry('b'))
      assert.equal(await removeContext(undefined, 'b', { env: { KUBECONFIG: `${file}:${other}` } }), true)
      assert.deepEqual((await readKubeconfig(other)).contexts, [])
    })
  })

  test('KUBECONFIG', async () => {
    const [a, b, c] = [join(folder, 'a'), join(folder, 'b'), join(folder, 'c')]
    assert.deepEqual(kubeconfigPaths({ KUBECONFIG: `${a}::${b}:${a}` }), [a, b])
    assert.deepEqual(kubeconfigPaths({ KUBECONFIG: '', HOME: '/h' }), ['/h/.kube/config'])
    assert.equal(await kubeconfigForNewContext({ KUBECONFIG: `${a}:${b}:${c}` }), c)
    await writeFile(b, '')
    assert.equal(await kubeconfigForNewContext({ KUBECONFIG: `${a}:${b}:${c}` }), b)
  })

  test('kubectl reads what is written', {
    skip: spawnSync('kubectl', ['version', '--client']).status !== 0,
  }, async () => {
    await writeFile(file, MINE)
    await mergeContext(
      file,
      contextEntry({ name: 'a', server: 'https://127.0.0.1:1', ca: 'CA', credential: { certificate: 'C', key: 'K' } }),
    )
    const { stdout } = spawnSync(
      'kubectl',
      ['config', 'view', '--raw', '--minify', '-o', 'json', '--kubeconfig', file],
      {
        encoding: 'utf8',
      },
    )
    const view = JSON.parse(stdout)
    assert.equal(view['current-context'], 'a')
    assert.equal(view.clusters[0].cluster['certificate-authority-data'], 'Q0E=')
    assert.equal(view.users[0].user['client-key-data'], 'Sw==')
  })
})
