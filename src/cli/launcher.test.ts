import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { chmod, copyFile, mkdir, mkdtemp, rm, symlink, unlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'

/** The repository, wherever in it this file was compiled to. */
const repository = (() => {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 't8s'))) folder = dirname(folder)
  return folder
})()

const MAIN = `console.log(JSON.stringify(process.argv.slice(2))); process.exitCode = Number(process.argv[2] ?? 0)`
const LOCK = { packages: { '': {}, 'node_modules/typescript': { version: '7.0.0' } } }

// Stands in for the compiler: copies the only source file.
const TSC = `
const { appendFileSync, copyFileSync, existsSync, mkdirSync } = require('fs')
const root = process.argv[process.argv.indexOf('--project') + 1]
appendFileSync(root + '/calls', 'tsc ')
if (existsSync(root + '/src/broken.ts')) { console.log('src/broken.ts(1,1): error'); process.exit(2) }
mkdirSync(root + '/dist/cli', { recursive: true })
copyFileSync(root + '/src/cli/main.ts', root + '/dist/cli/main.js')
`

// Stands in for the bundler.
const BUNDLE = `
import { copyFileSync, mkdirSync } from 'node:fs'
mkdirSync('dist/bundle', { recursive: true })
copyFileSync('dist/cli/main.js', 'dist/bundle/main.js')
`

// Stands in for npm ci: removes node_modules, as it does, and makes it anew.
const NPM = `#!/bin/sh
printf 'npm ' >> calls
if [ -e offline ]; then echo 'npm error network'; exit 1; fi
rm -rf node_modules
mkdir -p node_modules/typescript/bin
cp tsc.js node_modules/typescript/bin/tsc
cp package-lock.json node_modules/.package-lock.json
`

describe('the launcher', () => {
  let top: string
  let clone: string
  let bin: string
  const executable = async (path: string, content: string) => {
    await writeFile(path, content)
    await chmod(path, 0o755)
  }

  beforeEach(async () => {
    top = await mkdtemp(join(tmpdir(), 't8s-launcher-'))
    clone = join(top, 'a clone')
    bin = join(top, 'bin')
    for (const folder of [bin, join(clone, 'scripts'), join(clone, 'src/cli')]) await mkdir(folder, { recursive: true })
    for (const name of ['t8s', 'scripts/dependencies-installed.mjs'])
      await copyFile(join(repository, name), join(clone, name))
    await writeFile(join(clone, 'package-lock.json'), JSON.stringify(LOCK))
    await writeFile(join(clone, 'tsconfig.json'), '{}')
    await writeFile(join(clone, 'src/cli/main.ts'), MAIN)
    await writeFile(join(clone, 'src/other.ts'), '')
    await writeFile(join(clone, 'tsc.js'), TSC)
    await writeFile(join(clone, 'scripts/bundle.mjs'), BUNDLE)
    await symlink(process.execPath, join(bin, 'node'))
    await executable(join(bin, 'npm'), NPM)
  })
  afterEach(() => rm(top, { recursive: true }))

  const launch = async (
    args: string[] = [],
    { path = [bin, process.env['PATH']].join(delimiter), command = join(clone, 't8s') } = {},
  ) => {
    const child = spawn(command, args, { cwd: top, env: { PATH: path }, stdio: ['ignore', 'pipe', 'pipe'] })
    const [out, err, code] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve)),
    ])
    return { out, err, code }
  }
  /** What was called since it was last asked. */
  const calls = async () => {
    const path = join(clone, 'calls')
    const said = existsSync(path) ? readFileSync(path, 'utf8').trim() : ''
    await rm(path, { force: true })
    return said
  }
  const touch = (path: string) => utimes(join(clone, path), Date.now() / 1000 + 5, Date.now() / 1000 + 5)

  test('installs and builds at first, then only starts', async () => {
    const first = await launch(['3', 'a b', '*'])
    assert.deepEqual([first.out, first.code], ['["3","a b","*"]\n', 3])
    assert.match(first.err, /^t8s: installing dependencies .*\nt8s: building \.\.\.\nt8s: bundling \.\.\.\n$/)
    assert.equal(await calls(), 'npm tsc')
    assert.deepEqual(await launch(['0']), { out: '["0"]\n', err: '', code: 0 })
    assert.equal(await calls(), '')
  })

  const changes: [string, () => Promise<unknown>, string][] = [
    ['a changed source', () => touch('src/other.ts'), 'tsc'],
    ['a removed source', () => unlink(join(clone, 'src/other.ts')).then(() => touch('src')), 'tsc'],
    ['a changed tsconfig.json', () => touch('tsconfig.json'), 'tsc'],
    ['a missing build', () => rm(join(clone, 'dist'), { recursive: true }), 'tsc'],
    ['missing dependencies', () => rm(join(clone, 'node_modules'), { recursive: true }), 'npm tsc'],
    [
      'other dependencies',
      () =>
        writeFile(
          join(clone, 'package-lock.json'),
          JSON.stringify({ packages: { ...LOCK.packages, 'node_modules/x': { version: '1.0.0' } } }),
        ),
      'npm tsc',
    ],
    [
      'dependencies that were installed by hand',
      () =>
        writeFile(
          join(clone, 'package-lock.json'),
          JSON.stringify({ packages: { ...LOCK.packages, 'node_modules/x': { version: '1.0.0', optional: true } } }),
        ),
      'tsc',
    ],
  ]
  for (const [what, change, expected] of changes)
    test(`${what}: ${expected}`, async () => {
      await launch()
      await calls()
      await change()
      const { code, out } = await launch()
      assert.deepEqual([code, out, await calls()], [0, '[]\n', expected])
    })

  test('is found through symbolic links', async () => {
    await mkdir(join(top, 'links'))
    await symlink('../a clone/t8s', join(top, 'links/relative'))
    await symlink(join(top, 'links/relative'), join(top, 'links/absolute'))
    assert.equal((await launch([], { command: join(top, 'links/absolute') })).code, 0)
    assert.equal((await launch([], { command: 'links/relative' })).code, 0)
    assert.equal(await calls(), 'npm tsc')
  })

  test('shows what went wrong while installing', async () => {
    await writeFile(join(clone, 'offline'), '')
    const { code, err } = await launch()
    assert.equal(code, 1)
    assert.match(err, /\nnpm error network\nt8s: installing dependencies .* failed: .*npm install/)
    await unlink(join(clone, 'offline'))
    assert.equal((await launch()).code, 0)
  })

  test('shows what went wrong while building, and tries again', async () => {
    await writeFile(join(clone, 'src/broken.ts'), '')
    for (let times = 0; times < 2; times++) {
      const { code, err } = await launch()
      assert.equal(code, 1)
      assert.match(err, /src\/broken\.ts\(1,1\): error\nt8s: building failed/)
    }
    await unlink(join(clone, 'src/broken.ts'))
    assert.equal((await launch()).code, 0)
  })

  for (const [version, fits] of [
    ['v18.19.0', false],
    ['v20.3.1', false],
    ['v20.4.0', true],
    ['v22.0.0', true],
    ['v100.1.2', true],
  ] as const)
    test(`Node.js ${version} ${fits ? 'will do' : 'is too old'}`, async () => {
      await unlink(join(bin, 'node'))
      await executable(
        join(bin, 'node'),
        `#!/bin/sh\nif [ "$1" = --version ]; then echo ${version}; else exec '${process.execPath}' "$@"; fi\n`,
      )
      const { code, err } = await launch()
      assert.equal(code, fits ? 0 : 1)
      if (!fits) assert.match(err, new RegExp(`Node\\.js ${version} .* is too old`))
    })

  test('another Node.js is looked at again', async () => {
    assert.equal((await launch()).code, 0)
    await unlink(join(bin, 'node'))
    await executable(join(bin, 'node'), '#!/bin/sh\necho v16.0.0\n')
    assert.match((await launch()).err, /v16\.0\.0 .* is too old/)
  })

  test('without Node.js', async () => {
    const { code, err } = await launch([], { path: join(top, 'nowhere') })
    assert.equal(code, 1)
    assert.match(err, /^t8s: Node\.js is not installed/)
  })

  /** A PATH that has all the launcher uses but flock. */
  const withoutFlock = async () => {
    const tools = ['sh', 'cat', 'cmp', 'cp', 'find', 'head', 'ln', 'mkdir', 'mv', 'readlink', 'rm', 'sleep', 'touch']
    const folders = (process.env['PATH'] ?? '').split(delimiter)
    for (const tool of tools) {
      const folder = folders.find(folder => existsSync(join(folder, tool)))
      assert.ok(folder, tool)
      await symlink(join(folder, tool), join(bin, tool))
    }
    return bin
  }

  for (const [what, path] of [
    ['flock', async () => undefined],
    ['no flock', withoutFlock],
  ] as const)
    test(`several at once work once, with ${what}`, async () => {
      const chosen = await path()
      const options = chosen ? { path: chosen } : {}
      const results = await Promise.all([1, 2, 3, 4].map(() => launch([], options)))
      for (const { code, out } of results) assert.deepEqual([code, out], [0, '[]\n'])
      assert.equal(await calls(), 'npm tsc')
      assert.equal(existsSync(join(clone, '.build/launcher/lock.pid')), false)
    })

  test('a lock left by the dead is taken', async () => {
    const path = await withoutFlock()
    await mkdir(join(clone, '.build/launcher'), { recursive: true })
    await symlink('4194999', join(clone, '.build/launcher/lock.pid'))
    assert.equal((await launch([], { path })).code, 0)
    assert.equal(await calls(), 'npm tsc')
  })
})
