import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { installPackages, listsFetched, type Machine, runProgram } from './apt.js'
import { findCniPlugins, findProgram, missingPackages, NODE_REQUIREMENTS } from './packages.js'

describe('what a node needs', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 't8s-packages-'))
  })
  after(() => rm(folder, { recursive: true }))

  const put = async (path: string, mode = 0o755) => {
    await writeFile(join(folder, path), '')
    await chmod(join(folder, path), mode)
  }

  test('is found along PATH, in system folders and among CNI plugins', async () => {
    for (const name of ['path', 'system', 'cni']) await mkdir(join(folder, name))
    const options = {
      path: `relative::${folder}/path`,
      systemFolders: [`${folder}/system`],
      cniFolders: [`${folder}/cni`],
    }
    const all = NODE_REQUIREMENTS.map(requirement => requirement.package)
    assert.deepEqual(missingPackages(options), all)

    await put('path/nft')
    await put('system/ip')
    await put('system/runc', 0o644)
    await put('path/containerd')
    for (const name of ['bridge', 'host-local', 'loopback', 'portmap']) await put(`cni/${name}`)
    assert.deepEqual(missingPackages(options), [
      'containerd',
      'runc',
      'containernetworking-plugins',
      'iptables',
      'conntrack',
      'catatonit',
    ])
    assert.equal(findProgram('nft', options), join(folder, 'path/nft'))
    assert.equal(findCniPlugins(options), undefined)

    await put('cni/ptp')
    await put('path/containerd-shim-runc-v2')
    assert.deepEqual(missingPackages(options), ['runc', 'iptables', 'conntrack', 'catatonit'])
    assert.equal(findCniPlugins(options), join(folder, 'cni'))
  })

  test("apt's lists are as old as their folder", async () => {
    const lists = join(folder, 'lists')
    assert.equal(await listsFetched(lists), undefined)
    await mkdir(join(lists, 'partial'), { recursive: true })
    assert.equal(await listsFetched(lists), undefined)
    await writeFile(join(lists, 'deb.debian.org_debian_dists_bookworm_main_binary-amd64_Packages.lz4'), '')
    await utimes(lists, 1000, 1000)
    await utimes(join(lists, 'partial'), 2000, 2000)
    assert.equal(await listsFetched(lists), 2_000_000)
  })
})

interface Answer {
  readonly code: number
  readonly lines?: readonly string[]
}
const ok: Answer = { code: 0 }
const fails = (...lines: string[]): Answer => ({ code: 100, lines })

/** Installs with an apt that gives these answers; tells what was run and written. */
const install = async (answers: Answer[], machine: Partial<Machine> = {}, packages = ['nftables']) => {
  const ran: string[] = []
  const output: string[] = []
  let now = 10_000_000_000
  const error = await installPackages(packages, {
    onOutput: line => output.push(line),
    lockTimeoutMs: 10_000,
    machine: {
      isRoot: true,
      aptGet: 'apt-get',
      listsFetched: async () => now,
      now: () => now,
      pause: async ms => {
        now += ms
      },
      run: async (argv, onLine) => {
        ran.push(argv.filter(word => ['install', 'update'].includes(word)).join())
        const { code, lines = [] } = answers.shift() ?? assert.fail('apt-get ran once too often')
        lines.forEach(onLine)
        return { code, lines }
      },
      ...machine,
    },
  }).then(
    () => undefined,
    error => error,
  )
  assert.deepEqual(answers, [])
  return { ran, output, error }
}

describe('installing', () => {
  const good: [string, Answer[], Partial<Machine>, string[]][] = [
    ['at once', [ok], {}, ['install']],
    ['without lists', [ok, ok], { listsFetched: async () => undefined }, ['update', 'install']],
    ['with old lists', [ok, ok], { listsFetched: async () => 1 }, ['update', 'install']],
    [
      'what the lists do not have',
      [fails('E: Unable to locate package nftables'), ok, ok],
      {},
      ['install', 'update', 'install'],
    ],
    [
      'what the mirror has no more',
      [fails('Err:1 http://x nft 1.0', '  404  Not Found [IP: 1.2.3.4 80]'), ok, ok],
      {},
      ['install', 'update', 'install'],
    ],
    [
      'after another installation',
      [fails('E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 7 (apt)'), ok],
      {},
      ['install', 'install'],
    ],
  ]
  for (const [what, answers, machine, ran] of good)
    test(what, async () => {
      const result = await install(answers, machine)
      assert.equal(result.error, undefined)
      assert.deepEqual(result.ran, ran)
    })

  test('nothing', async () => assert.deepEqual((await install([], {}, [])).ran, []))

  test('says whom it waits for, once', async () => {
    const locked = fails('E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 7 (apt)')
    const { output } = await install([locked, locked, ok])
    assert.equal(output.filter(line => /waiting for it to end/.test(line)).length, 1)
  })

  test('says that the containerd service is left alone', async () => {
    const { output } = await install([ok], {}, ['containerd'])
    assert.match(output[0] ?? '', /left alone/)
  })

  const locked = fails('E: Could not get lock /var/lib/dpkg/lock. It is held by process 7 (apt)')
  const bad: [string, Answer[], Partial<Machine>, RegExp, RegExp][] = [
    ['as a user', [], { isRoot: false }, /takes root/, /sudo apt-get install --no-install-recommends nftables/],
    ['elsewhere than on Debian', [], { aptGet: undefined }, /no apt-get/, /nftables .*--no-install/],
    ['beside an endless one', Array(6).fill(locked), {}, /does not end\nE: Could not get lock/, /Let it end/],
    [
      'what nobody has',
      [fails('E: Unable to locate package nftables'), ok, fails('E: Unable to locate package nftables')],
      {},
      /apt has no package nftables/,
      /sources\.list/,
    ],
    [
      'without a network',
      [fails('Err:1 http://x y', '  Temporary failure resolving deb.debian.org', 'E: Failed to fetch http://x')],
      {},
      /mirror cannot be reached\nErr:1 http:\/\/x y\nE: Failed to fetch/,
      /http_proxy/,
    ],
    [
      'without lists and without a network',
      [fails('E: Failed to fetch http://x  Could not connect to x:80')],
      { listsFetched: async () => undefined },
      /apt-get update failed: the package mirror cannot be reached/,
      /network/,
    ],
    [
      'a broken source',
      [fails('E: Malformed entry 1')],
      { listsFetched: async () => undefined },
      /update failed/,
      /sources/,
    ],
    [
      'after an accident',
      [fails('E: dpkg was interrupted, you must')],
      {},
      /earlier installation/,
      /dpkg --configure -a/,
    ],
    ['on a full disk', [fails("E: You don't have enough free space in /var")], {}, /disk is full/, /Make room/],
    ['otherwise', [fails('last words')], {}, /installing nftables failed\nlast words/, /Look into it/],
  ]
  for (const [what, answers, machine, message, remedy] of bad)
    test(`${what} fails with advice`, async () => {
      const { error } = await install([...answers], machine)
      assert.equal(error?.name, 'OperatorError')
      assert.match(error.message, message)
      assert.match(error.remedy, remedy)
    })

  test('programs are run with their output by line', async () => {
    const seen: string[] = []
    const { code, lines } = await runProgram(
      [process.execPath, '-e', 'console.log("a\\nb " + process.env.DEBIAN_FRONTEND); process.exitCode = 3'],
      line => seen.push(line),
      undefined,
    )
    assert.deepEqual({ code, lines, seen }, { code: 3, lines: seen, seen: ['a', 'b noninteractive'] })
    await assert.rejects(
      runProgram(['/nonexistent/x'], () => {}, undefined),
      { code: 'ENOENT' },
    )
    await assert.rejects(
      runProgram([process.execPath], () => {}, AbortSignal.abort()),
      { name: 'AbortError' },
    )
  })
})
