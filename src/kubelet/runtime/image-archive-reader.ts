import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import * as zlib from 'node:zlib'
import { createTarDecoder, type ParsedTarEntry, type TarHeader } from 'modern-tar'
import { messageOf } from '../../machinery/message-of.js'
import { packTar, type TarEntry } from './image-archive.js'
import { normalizeImageName } from './image-names.js'

/** A file that holds no image one could load; the message says what is wrong with it. */
export class ImageArchiveError extends Error {
  override readonly name = 'ImageArchiveError'
}

/** What an archive holds, and the files in it to be changed so that its images get the names wanted. */
export interface ArchivePlan {
  /** Full names of its images. */
  readonly names: readonly string[]
  readonly replacements: ReadonlyMap<string, Buffer>
}

/** Descriptor files larger than this are none. */
const maxDescriptorSize = 8 << 20
const descriptors: ReadonlySet<string> = new Set(['oci-layout', 'index.json', 'manifest.json'])
const nameAnnotation = 'io.containerd.image.name'
const refAnnotation = 'org.opencontainers.image.ref.name'

/**
 * Reads what an archive file holds. `name` names its only image, whatever the archive says.
 * Throws `ImageArchiveError`, or `ImageNameError` if a name cannot be one.
 */
export async function inspectImageArchive(file: string, name?: string): Promise<ArchivePlan> {
  const found = new Map<string, string>()
  for await (const { header, content, skip } of archiveEntries(file)) {
    const path = entryPath(header.name)
    if (!descriptors.has(path) || header.size > maxDescriptorSize) await skip()
    else found.set(path, await textOf(content()))
  }
  const index = found.get('index.json')
  if (found.has('oci-layout') && index !== undefined) return planIndex(parse('index.json', index), name)
  const manifest = found.get('manifest.json')
  if (manifest !== undefined) return planDockerManifest(parse('manifest.json', manifest), name)
  throw new ImageArchiveError(
    'it is no image archive: there is neither manifest.json, as of docker save, nor oci-layout with index.json, in it',
  )
}

/** The archive's tar stream with the planned files in place of its own, decompressed. */
export function plannedArchive(file: string, { replacements }: ArchivePlan): Readable {
  async function* entries(): AsyncGenerator<TarEntry> {
    for await (const { header, content, skip } of archiveEntries(file)) {
      const replacement = replacements.get(entryPath(header.name))
      if (replacement) {
        await skip()
        yield { header: { ...header, size: replacement.length, pax: {} }, body: replacement }
      } else yield { header, body: content }
    }
  }
  return packTar(entries())
}

async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  return Buffer.concat(all).toString()
}

const entryPath = (name: string): string => name.replace(/^\.\//, '')

interface OciIndex {
  readonly manifests?: readonly OciDescriptor[]
}
interface OciDescriptor {
  readonly annotations?: Readonly<Record<string, string>>
}

function planIndex(index: OciIndex, name?: string): ArchivePlan {
  const manifests = index?.manifests ?? []
  if (!Array.isArray(manifests) || manifests.length === 0) throw new ImageArchiveError('index.json lists no image')
  if (name !== undefined && manifests.length > 1) {
    throw new ImageArchiveError(`it holds ${manifests.length} images, which cannot all be named ${name}`)
  }
  const named = manifests.map((descriptor: OciDescriptor) => {
    const full = name === undefined ? annotatedName(descriptor) : normalizeImageName(name)
    return { ...descriptor, annotations: { ...descriptor.annotations, [nameAnnotation]: full } }
  })
  return {
    names: [...new Set(named.map(({ annotations }) => annotations[nameAnnotation]))],
    replacements: new Map([['index.json', Buffer.from(JSON.stringify({ ...index, manifests: named }))]]),
  }
}

function annotatedName(descriptor: OciDescriptor): string {
  const annotations = descriptor?.annotations ?? {}
  const reference = annotations[nameAnnotation] ?? annotations[refAnnotation]
  if (reference === undefined) throw new ImageArchiveError('it does not say how its image is called: give a name')
  // By the OCI rules this may be a tag alone.
  if (annotations[nameAnnotation] === undefined && !/[/:@]/.test(reference)) {
    throw new ImageArchiveError(`it names its image only by the tag "${reference}": give a name`)
  }
  return normalizeImageName(reference)
}

interface DockerImage {
  readonly RepoTags?: readonly string[] | null
}

function planDockerManifest(images: readonly DockerImage[], name?: string): ArchivePlan {
  if (!Array.isArray(images) || images.length === 0) throw new ImageArchiveError('manifest.json lists no image')
  if (name !== undefined && images.length > 1) {
    throw new ImageArchiveError(`it holds ${images.length} images, which cannot all be named ${name}`)
  }
  const full = images.map((image: DockerImage) => {
    const tags = name === undefined ? image?.RepoTags : [name]
    if (!Array.isArray(tags) || tags.length === 0) {
      throw new ImageArchiveError('it does not say how its image is called: give a name')
    }
    return { ...image, RepoTags: tags.map(tag => normalizeImageName(`${tag}`)) }
  })
  return {
    names: [...new Set(full.flatMap(({ RepoTags }) => RepoTags))],
    replacements: new Map([['manifest.json', Buffer.from(JSON.stringify(full))]]),
  }
}

function parse<T>(file: string, text: string): T {
  try {
    return JSON.parse(text) as T
  } catch {
    throw new ImageArchiveError(`${file} in it is not JSON`)
  }
}

/** An entry whose content must be read, or skipped, before the next one is asked for. */
interface ArchiveEntry {
  readonly header: TarHeader
  content(): AsyncGenerator<Uint8Array>
  skip(): Promise<void>
}

/** The entries of an archive file, decompressed. Throws `ImageArchiveError`, or what the file system says. */
async function* archiveEntries(file: string): AsyncGenerator<ArchiveEntry> {
  const source = await decompressed(file)
  const decoder = createTarDecoder({ strict: true })
  const pumped = Readable.toWeb(source).pipeTo(decoder.writable as never)
  // The readers below get the same error.
  pumped.catch(() => {})
  try {
    for await (const { header, body } of readAll<ParsedTarEntry>(decoder.readable)) {
      yield { header, content: () => readAll(body), skip: () => body.cancel() }
    }
  } finally {
    source.destroy()
  }
}

async function* readAll<T>(stream: unknown): AsyncGenerator<T> {
  try {
    yield* stream as ReadableStream<T>
  } catch (error) {
    if (error instanceof ImageArchiveError || isSystemError(error)) throw error
    throw new ImageArchiveError(`it is no tar archive, or a damaged one: ${messageOf(error)}`, { cause: error })
  }
}

/** A file's content, decompressed if it begins as gzip or zstd do. */
async function decompressed(file: string): Promise<Readable> {
  const magic = await readStart(file, 6)
  const content = () => createReadStream(file, { highWaterMark: 256 << 10 })
  if (magic.startsWith('1f8b')) return joined(content(), zlib.createGunzip())
  if (magic.startsWith('28b52ffd')) return zstd(file)
  const other = magic.startsWith('fd377a585a00') ? 'xz' : magic.startsWith('425a68') ? 'bzip2' : undefined
  if (other) throw new ImageArchiveError(`it is compressed with ${other}; only gzip and zstd can be read`)
  return content()
}

async function readStart(file: string, length: number): Promise<string> {
  await using handle = await open(file)
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, 0)
  return buffer.subarray(0, bytesRead).toString('hex')
}

function joined(source: Readable, through: zlib.Gunzip): Readable {
  source.once('error', error => through.destroy(error))
  through.once('close', () => source.destroy())
  return source.pipe(through)
}

/** Node itself has zstd only in later releases than the oldest we run on, so the program does it. */
async function zstd(file: string): Promise<Readable> {
  const child = spawn('zstd', ['--decompress', '--stdout', '--quiet', '--', file], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let complaint = ''
  child.stderr.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString()).slice(-500)
  })
  const closed = new Promise<number | null>(resolve => child.once('close', resolve))
  await once(child, 'spawn').catch(error => {
    throw new ImageArchiveError('it is compressed with zstd, and the program zstd is not installed', { cause: error })
  })
  const output = Readable.from(
    (async function* () {
      yield* child.stdout
      if ((await closed) !== 0) throw new ImageArchiveError(`it cannot be decompressed: ${complaint.trim()}`)
    })(),
    { objectMode: false },
  )
  output.once('close', () => child.kill())
  return output
}

const isSystemError = (error: unknown): boolean => error instanceof Error && 'syscall' in error
