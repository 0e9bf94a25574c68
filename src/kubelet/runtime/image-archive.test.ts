import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { packTar as packEntries, unpackTar } from 'modern-tar'
import { type ImageRecipe, writeImageArchive } from './image-archive.js'
import { ImageArchiveError, inspectImageArchive, plannedArchive } from './image-archive-reader.js'

async function temporaryFolder() {
  const path = await mkdtemp(join(tmpdir(), 't8s-archive-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

const bytesOf = async (stream: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}
const unpack = async (bytes: Uint8Array) =>
  new Map((await unpackTar(bytes, { strict: true })).map(({ header, data }) => [header.name, { header, data }]))
const textOf = (files: Awaited<ReturnType<typeof unpack>>, name: string): string =>
  Buffer.from(files.get(name)?.data ?? []).toString()

const tar = async (files: Readonly<Record<string, unknown>>): Promise<Buffer> =>
  Buffer.from(
    await packEntries(
      Object.entries(files).map(([name, value]) => {
        const body = typeof value === 'string' ? value : JSON.stringify(value)
        return { header: { name, size: Buffer.byteLength(body) }, body }
      }),
    ),
  )

test('writes an image that says of itself what the recipe says', async () => {
  await using folder = await temporaryFolder()
  const source = join(folder.path, 'program')
  await writeFile(source, 'x'.repeat(100_000), { mode: 0o755 })
  const recipe: ImageRecipe = {
    name: 'web:1',
    layers: [
      [
        { path: '/usr/bin/program', source: { file: source } },
        { path: '/usr/bin/other', source: { link: 'program' } },
        { path: '/tmp', source: 'folder', mode: 0o1777 },
        { path: '/etc/passwd', source: { content: 'root:x:0:0::/:\n' } },
      ],
    ],
    entrypoint: ['/usr/bin/program'],
    cmd: ['-v'],
    env: { A: 'b' },
    ports: ['8080/tcp'],
    user: '1000',
    workingDir: '/tmp',
  }
  const [first, second] = [join(folder.path, 'a.tar'), join(folder.path, 'b.tar')]
  await writeImageArchive(first, recipe)
  await writeImageArchive(second, recipe)
  assert.deepEqual(await readFile(first), await readFile(second))

  const files = await unpack(await readFile(first))
  const [image] = JSON.parse(textOf(files, 'manifest.json'))
  assert.deepEqual(image.RepoTags, ['docker.io/library/web:1'])
  const config = JSON.parse(textOf(files, image.Config))
  assert.deepEqual(config.config, {
    User: '1000',
    ExposedPorts: { '8080/tcp': {} },
    Env: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'A=b'],
    Entrypoint: ['/usr/bin/program'],
    Cmd: ['-v'],
    WorkingDir: '/tmp',
  })
  assert.equal(config.rootfs.diff_ids.length, 1)
  const layer = await unpack(files.get(image.Layers[0])?.data ?? new Uint8Array())
  assert.deepEqual(
    [...layer.keys()],
    ['etc/', 'etc/passwd', 'tmp/', 'usr/', 'usr/bin/', 'usr/bin/other', 'usr/bin/program'],
  )
  assert.equal(layer.get('tmp/')?.header.mode, 0o1777)
  assert.equal(layer.get('usr/bin/program')?.header.mode, 0o755)
  assert.equal(layer.get('usr/bin/program')?.header.size, 100_000)
  assert.equal(layer.get('usr/bin/other')?.header.linkname, 'program')
  assert.deepEqual((await inspectImageArchive(first)).names, ['docker.io/library/web:1'])
  assert.deepEqual((await inspectImageArchive(first, 'other.example/x:2')).names, ['other.example/x:2'])

  await assert.rejects(writeImageArchive(first, { ...recipe, layers: [[{ path: '/x', source: { file: '/none' } }]] }), {
    code: 'ENOENT',
  })
  const unsafe = { ...recipe, layers: [[{ path: '/../x', source: { content: '' } }]] }
  await assert.rejects(writeImageArchive(first, unsafe), /no absolute path/)
})

test('reads names from archives of docker, podman and others', async () => {
  await using folder = await temporaryFolder()
  const file = join(folder.path, 'archive')
  const layout = { 'oci-layout': { imageLayoutVersion: '1.0.0' } }
  const ref = (name: string) => ({ digest: 'sha256:x', annotations: { 'org.opencontainers.image.ref.name': name } })
  const cases: readonly (readonly [Record<string, unknown>, string | undefined, readonly string[]])[] = [
    [
      { 'manifest.json': [{ Config: 'c', RepoTags: ['web:1', 'team/web'], Layers: [] }] },
      undefined,
      ['docker.io/library/web:1', 'docker.io/team/web:latest'],
    ],
    [{ './manifest.json': [{ RepoTags: null }] }, 'web', ['docker.io/library/web:latest']],
    [
      { ...layout, 'index.json': { manifests: [ref('localhost/web:1'), ref('web:2')] } },
      undefined,
      ['localhost/web:1', 'docker.io/library/web:2'],
    ],
    [{ ...layout, 'index.json': { manifests: [ref('1')] } }, 'web:1', ['docker.io/library/web:1']],
    [
      { ...layout, 'index.json': { manifests: [{}] }, 'manifest.json': [{ RepoTags: ['ignored:1'] }] },
      'web:3',
      ['docker.io/library/web:3'],
    ],
  ]
  for (const [files, name, names] of cases) {
    await writeFile(file, await tar(files))
    assert.deepEqual((await inspectImageArchive(file, name)).names, names)
  }
})

test('rewrites names on the way and passes all else on', async () => {
  await using folder = await temporaryFolder()
  const file = join(folder.path, 'archive')
  const long = `blobs/${'d/'.repeat(120)}x`
  await writeFile(
    file,
    gzipSync(
      await tar({
        [long]: 'y'.repeat(200_000),
        'oci-layout': {},
        'index.json': { schemaVersion: 2, manifests: [{ digest: 'd', annotations: { k: 'v' } }] },
        empty: '',
      }),
    ),
  )
  const plan = await inspectImageArchive(file, 'web:1')
  const files = await unpack(await bytesOf(plannedArchive(file, plan)))
  assert.deepEqual([...files.keys()], [long, 'oci-layout', 'index.json', 'empty'])
  assert.equal(files.get(long)?.data?.length, 200_000)
  assert.deepEqual(JSON.parse(textOf(files, 'index.json')), {
    schemaVersion: 2,
    manifests: [{ digest: 'd', annotations: { k: 'v', 'io.containerd.image.name': 'docker.io/library/web:1' } }],
  })
})

test('reads archives compressed with zstd', async t => {
  await using folder = await temporaryFolder()
  const file = join(folder.path, 'archive')
  await writeFile(file, await tar({ 'manifest.json': [{ RepoTags: ['web:1'] }] }))
  try {
    await promisify(execFile)('zstd', ['-q', file])
  } catch {
    return t.skip('no program zstd')
  }
  assert.deepEqual((await inspectImageArchive(`${file}.zst`)).names, ['docker.io/library/web:1'])
  await writeFile(`${file}.zst`, (await readFile(`${file}.zst`)).subarray(0, 20))
  await assert.rejects(inspectImageArchive(`${file}.zst`), ImageArchiveError)
})

test('says what is wrong with a file that is no image archive', async () => {
  await using folder = await temporaryFolder()
  const file = join(folder.path, 'archive')
  const docker = await tar({ 'manifest.json': [{ RepoTags: ['web:1'] }], x: 'y'.repeat(2000) })
  const cases: readonly (readonly [Buffer, RegExp])[] = [
    [Buffer.from(''), /no tar archive/],
    [Buffer.from('hello'), /no tar archive/],
    [Buffer.alloc(4096, 7), /no tar archive/],
    [docker.subarray(0, 2600), /damaged/],
    [gzipSync(docker).subarray(0, 100), /damaged/],
    [gzipSync(await tar({ 'manifest.json': randomBytes(50_000).toString('hex') })).subarray(0, 20_000), /damaged/],
    [await tar({ 'some.txt': 'x' }), /neither manifest.json/],
    [await tar({ 'manifest.json': 'x' }), /not JSON/],
    [await tar({ 'manifest.json': [] }), /lists no image/],
    [await tar({ 'manifest.json': [{ RepoTags: null }] }), /give a name/],
    [await tar({ 'oci-layout': {}, 'index.json': { manifests: 3 } }), /lists no image/],
    [await tar({ 'oci-layout': {}, 'index.json': { manifests: [null] } }), /give a name/],
    [Buffer.from('fd377a585a0000', 'hex'), /compressed with xz/],
  ]
  for (const [bytes, message] of cases) {
    await writeFile(file, bytes)
    await assert.rejects(inspectImageArchive(file), (error: unknown) => {
      assert.ok(error instanceof ImageArchiveError, String(error))
      assert.match(error.message, message)
      return true
    })
  }
  await writeFile(file, await tar({ 'manifest.json': [{ RepoTags: ['a:1'] }, { RepoTags: ['b:1'] }] }))
  await assert.rejects(inspectImageArchive(file, 'c:1'), /holds 2 images/)
  await assert.rejects(inspectImageArchive(join(folder.path, 'none')), { code: 'ENOENT' })
  await mkdir(join(folder.path, 'folder'))
  await assert.rejects(inspectImageArchive(join(folder.path, 'folder')), { code: 'EISDIR' })
})
