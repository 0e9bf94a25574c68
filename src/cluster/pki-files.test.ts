import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { ManualClock } from '../machinery/clock.js'
import type { OperatorError } from './operator-error.js'
import { clientTemplate, createClusterPki, type LeafTemplate, type PkiOptions, servingTemplate } from './pki.js'
import { ensureClusterPki, ensureCredential, ensureSelfSignedServing } from './pki-files.js'

const DAY = 86_400_000
const CERTIFICATES = ['apiserver', 'apiserver-kubelet-client', 'ca', 'front-proxy-ca', 'front-proxy-client']

describe('the PKI folder', () => {
  let root: string
  let folder: string
  let clock: ManualClock
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 't8s-pki-'))
    folder = join(root, 'a/pki')
    clock = new ManualClock()
  })
  afterEach(() => rm(root, { recursive: true }))

  const ensure = (options: PkiOptions = {}) => ensureClusterPki(folder, { clock, ...options })
  const contents = async () => {
    const names = (await readdir(folder)).sort()
    return new Map(
      await Promise.all(names.map(async name => [name, await readFile(join(folder, name), 'utf8')] as const)),
    )
  }
  /** The names of the files that `work` changes. */
  const changed = async (work: () => Promise<unknown>) => {
    const before = await contents()
    await work()
    const now = await contents()
    return [...new Set([...before.keys(), ...now.keys()])].filter(name => before.get(name) !== now.get(name)).sort()
  }

  test("has kubeadm's names, and keys for nobody else", async () => {
    const pki = await ensure()
    const all = await contents()
    assert.deepEqual(
      [...all.keys()],
      [...CERTIFICATES.flatMap(name => [`${name}.crt`, `${name}.key`]), 'sa.key', 'sa.pub'].sort(),
    )
    assert.equal((await stat(folder)).mode & 0o777, 0o700)
    for (const name of all.keys())
      assert.equal((await stat(join(folder, name))).mode & 0o777, name.endsWith('.key') ? 0o600 : 0o644, name)
    assert.equal(all.get('apiserver.crt'), pki.apiserver.certificate)
    assert.equal(all.get('front-proxy-ca.key'), pki.frontProxyCa.key)
    assert.equal(all.get('sa.pub'), pki.serviceAccount.publicKey)
  })

  test('is kept', async () => {
    const pki = await ensure()
    assert.deepEqual(await changed(async () => assert.deepEqual(await ensure(), pki)), [])
  })

  test('made by several at once is one', async () => {
    const all = await Promise.all([ensure(), ensure(), ensure()])
    assert.deepEqual(all[1], all[0])
    assert.deepEqual(all[2], all[0])
  })

  const leaf = (name: string) => [`${name}.crt`, `${name}.key`]
  const reissues: [string, () => Promise<unknown>, PkiOptions, string[]][] = [
    ['a new address', async () => {}, { servedAt: ['192.0.2.1'] }, leaf('apiserver')],
    ['a new service block', async () => {}, { serviceCidrs: ['10.0.0.0/16'] }, leaf('apiserver')],
    [
      'time',
      async () => clock.advance(336 * DAY),
      {},
      [...leaf('apiserver'), ...leaf('apiserver-kubelet-client'), ...leaf('front-proxy-client')],
    ],
    ['a lost certificate', () => unlink(join(folder, 'apiserver.crt')), {}, leaf('apiserver')],
    ['a lost key', () => unlink(join(folder, 'front-proxy-client.key')), {}, leaf('front-proxy-client')],
    [
      'a key of another certificate',
      async () => writeFile(join(folder, 'apiserver.key'), (await createClusterPki()).apiserver.key),
      {},
      leaf('apiserver'),
    ],
    [
      'another authority',
      async () => {
        const { certificate, key } = (await createClusterPki({ clock })).apiserverKubeletClient
        await writeFile(join(folder, 'apiserver-kubelet-client.crt'), certificate)
        await writeFile(join(folder, 'apiserver-kubelet-client.key'), key)
      },
      {},
      leaf('apiserver-kubelet-client'),
    ],
    // A crash after the keys were written.
    ['an authority key without its certificate', () => unlink(join(folder, 'ca.crt')), {}, ['ca.crt']],
    ['a lost sa.pub', () => unlink(join(folder, 'sa.pub')), {}, []],
  ]
  for (const [what, disturb, options, files] of reissues)
    test(`${what} changes ${files.join(', ') || 'nothing'}`, async () => {
      await ensure()
      const before = await contents()
      await disturb()
      await ensure(options)
      const now = await contents()
      const different = [...now.keys()].filter(name => before.get(name) !== now.get(name)).sort()
      assert.deepEqual(different, [...files].sort())
      assert.deepEqual(await changed(() => ensure(options)), [])
    })

  test('keeps what says more than asked', async () => {
    await ensure({ servedAt: ['192.0.2.1'] })
    assert.deepEqual(await changed(() => ensure()), [])
  })

  const errors: [string, () => Promise<unknown>, RegExp, RegExp][] = [
    [
      'a damaged authority',
      () => writeFile(join(folder, 'ca.crt'), 'x'),
      /ca\.crt is damaged: it holds no cert/,
      /backup/,
    ],
    [
      'a damaged authority key',
      () => writeFile(join(folder, 'ca.key'), ''),
      /ca\.key is damaged: .*private key/,
      /backup/,
    ],
    ['a missing authority key', () => unlink(join(folder, 'ca.key')), /ca\.key is missing/, /backup/],
    [
      'a foreign authority key',
      async () => writeFile(join(folder, 'front-proxy-ca.key'), (await createClusterPki()).frontProxyCa.key),
      /front-proxy-ca\.key is not the key of/,
      /backup/,
    ],
    [
      'a leaf as an authority',
      async () => {
        const { certificate, key } = (await createClusterPki({ clock })).apiserver
        await writeFile(join(folder, 'ca.crt'), certificate)
        await writeFile(join(folder, 'ca.key'), key)
      },
      /ca\.crt is no certificate authority/,
      /backup/,
    ],
    ['an ended authority', async () => clock.advance(3651 * DAY), /ca\.crt ended on/, /made anew/],
    ['a clock gone back', async () => (clock = new ManualClock(0)), /not valid before .* clock says .* 1970/, /clock/],
    [
      'a damaged leaf',
      () => writeFile(join(folder, 'apiserver.crt'), 'x'),
      /apiserver\.crt is damaged/,
      /Delete .*apiserver\.crt and .*apiserver\.key/,
    ],
    ['a damaged token key', () => writeFile(join(folder, 'sa.key'), 'x'), /sa\.key is damaged/, /tokens become void/],
    ['a damaged sa.pub', () => writeFile(join(folder, 'sa.pub'), 'x'), /sa\.pub is damaged/, /derives it/],
    [
      'a foreign sa.pub',
      async () => writeFile(join(folder, 'sa.pub'), (await createClusterPki()).serviceAccount.publicKey),
      /sa\.pub is not the public half/,
      /derives it/,
    ],
    ['a lost sa.key', () => unlink(join(folder, 'sa.key')), /sa\.key is missing/, /backup/],
    [
      'an unreadable file',
      async () => {
        await unlink(join(folder, 'ca.crt'))
        await mkdir(join(folder, 'ca.crt'))
      },
      /ca\.crt cannot be read/,
      /Run as/,
    ],
  ]
  for (const [what, disturb, message, remedy] of errors)
    test(`${what} is told, and nothing is touched`, async () => {
      await ensure()
      await disturb()
      const before = (await readdir(folder)).sort()
      await assert.rejects(ensure(), (error: OperatorError) => {
        assert.equal(error.name, 'OperatorError')
        assert.match(error.message, message)
        assert.match(error.remedy, remedy)
        assert.ok(error.message.includes(folder))
        return true
      })
      assert.deepEqual((await readdir(folder)).sort(), before)
    })

  test('further credentials are kept while they fit', async () => {
    const { ca } = await ensure()
    const user = { commonName: 'u', organizations: ['a', 'b'] }
    const client = { authority: ca, template: clientTemplate(user), clock }
    const serving = { authority: ca, template: servingTemplate(user, ['h', '192.0.2.1', 'FD00::1']), clock }
    const names = ['client.crt', 'client.key', 'serving.crt', 'serving.key']
    const both = async () => [
      await ensureCredential(folder, 'client', client),
      await ensureCredential(folder, 'serving', serving),
    ]
    assert.deepEqual(await changed(both), names)
    assert.equal((await stat(join(folder, 'client.key'))).mode & 0o777, 0o600)
    assert.deepEqual(await changed(both), [])
    const differently = (template: LeafTemplate) => () => ensureCredential(folder, 'client', { ...client, template })
    assert.deepEqual(await changed(differently(clientTemplate({ ...user, organizations: ['a'] }))), names.slice(0, 2))
    assert.deepEqual(await changed(differently(clientTemplate({ ...user, commonName: 'v' }))), names.slice(0, 2))
    assert.deepEqual(await changed(differently(serving.template)), names.slice(0, 2))
    clock.advance(336 * DAY)
    assert.deepEqual(await changed(both), names)
  })

  test('a certificate without an authority is kept while it fits', async () => {
    await ensure()
    const serving =
      (...hosts: [string, ...string[]]) =>
      () =>
        ensureSelfSignedServing(folder, 'k', hosts, clock)
    assert.deepEqual(await changed(serving('a', '192.0.2.1')), ['k.crt', 'k.key'])
    assert.equal((await stat(join(folder, 'k.key'))).mode & 0o777, 0o600)
    assert.deepEqual(await changed(serving('a', '192.0.2.1')), [])
    assert.deepEqual(await changed(serving('a', '192.0.2.2')), ['k.crt', 'k.key'])
    clock.advance(336 * DAY)
    assert.deepEqual(await changed(serving('a', '192.0.2.2')), ['k.crt', 'k.key'])
  })

  test('what is there is read without the library that makes certificates', async () => {
    await ensure()
    const script = `
      import { createRequire } from 'node:module'
      const { ensureClusterPki } = await import(${JSON.stringify(new URL('./pki-files.js', import.meta.url).href)})
      const loaded = () =>
        Object.keys(createRequire(process.execPath).cache).some(file => file.includes('@peculiar'))
      const ensure = serviceCidrs =>
        ensureClusterPki(${JSON.stringify(folder)}, { clock: { now: () => ${clock.now()} }, serviceCidrs })
      await ensure(['10.96.0.0/12'])
      console.log(loaded())
      await ensure(['10.0.0.0/16'])
      console.log(loaded())`
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script])
    assert.equal(stdout, 'false\ntrue\n')
  })

  test('an existing folder keeps its mode', async () => {
    await ensure()
    await chmod(folder, 0o750)
    await ensure()
    assert.equal((await stat(folder)).mode & 0o777, 0o750)
  })
})
