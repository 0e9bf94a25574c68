import { createHash, type Hash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { createTarPacker, type TarHeader } from 'modern-tar'
import { normalizeImageName } from './image-names.js'

/** A file of an image. `path` is absolute; folders above it that no entry gives are made, for all to read. */
export interface LayerEntry {
  readonly path: string
  /** Permissions; if absent those of the file copied, 0755 of a folder, 0644 of a text. */
  readonly mode?: number
  readonly uid?: number
  readonly gid?: number
  readonly source: EntrySource
}

/** A copy of a file of this machine, given content, a symbolic link, or a folder. */
export type EntrySource =
  | { readonly file: string }
  | { readonly content: string | Uint8Array }
  | { readonly link: string }
  | 'folder'

/** An image to be made: its files, one list a layer, and how it is run. */
export interface ImageRecipe {
  readonly name: string
  readonly layers: readonly (readonly LayerEntry[])[]
  readonly entrypoint?: readonly string[]
  readonly cmd?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** E.g. `8080/tcp`. */
  readonly ports?: readonly string[]
  readonly user?: string
  readonly workingDir?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly stopSignal?: string
}

/**
 * Writes an image archive that containerd, podman and docker load: an OCI layout with docker's manifest beside. The
 * same recipe and files give the same bytes. Throws if a file of the recipe cannot be read.
 */
export async function writeImageArchive(file: string, recipe: ImageRecipe): Promise<void> {
  const name = normalizeImageName(recipe.name)
  const folder = await mkdtemp(join(dirname(file), `.${basename(file)}-`))
  try {
    const layers: LayerFile[] = []
    for (const [index, entries] of recipe.layers.entries()) {
      layers.push(await writeTar(join(folder, `${index}`), await tarEntries(entries)))
    }
    await writeTar(file, archiveEntries(name, recipe, layers))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

interface LayerFile {
  readonly file: string
  /** Hexadecimal SHA-256. */
  readonly digest: string
  readonly size: number
}

export interface TarEntry {
  readonly header: TarHeader
  /** A function is called when the entry's turn has come, so that not all files are open at once. */
  readonly body?: Uint8Array | (() => AsyncIterable<Uint8Array>)
}

const epoch = new Date(0)
/** The names Go, and so every image, has for what Node calls otherwise. */
const architectures: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386', ppc64: 'ppc64le' }

/** This machine's architecture as images name it. */
export const imageArchitecture = (): string => architectures[process.arch] ?? process.arch

/** Entries of a layer, folders first. */
async function tarEntries(entries: readonly LayerEntry[]): Promise<TarEntry[]> {
  const byPath = new Map<string, LayerEntry>()
  for (const entry of entries) {
    const parts = entry.path.split('/').filter(Boolean)
    if (!entry.path.startsWith('/') || parts.includes('..')) throw new Error(`"${entry.path}" is no absolute path`)
    for (let depth = 1; depth < parts.length; depth++) {
      const path = parts.slice(0, depth).join('/')
      if (!byPath.has(path)) byPath.set(path, { path, source: 'folder' })
    }
    byPath.set(parts.join('/'), entry)
  }
  const sorted = [...byPath].sort(([a], [b]) => (a < b ? -1 : 1))
  return Promise.all(sorted.map(([path, entry]) => tarEntry(path, entry)))
}

async function tarEntry(name: string, { mode, uid = 0, gid = 0, source }: LayerEntry): Promise<TarEntry> {
  const header = { name, uid, gid, mtime: epoch }
  if (source === 'folder') {
    return { header: { ...header, name: `${name}/`, type: 'directory', size: 0, mode: mode ?? 0o755 } }
  }
  if ('link' in source) {
    return { header: { ...header, type: 'symlink', linkname: source.link, size: 0, mode: mode ?? 0o777 } }
  }
  if ('content' in source) {
    const body = Buffer.from(source.content)
    return { header: { ...header, type: 'file', size: body.length, mode: mode ?? 0o644 }, body }
  }
  const { size, mode: fileMode } = await stat(source.file)
  return {
    header: { ...header, type: 'file', size, mode: mode ?? fileMode & 0o7777 },
    body: () => createReadStream(source.file),
  }
}

/** The files of the archive itself. */
function archiveEntries(name: string, recipe: ImageRecipe, layers: readonly LayerFile[]): TarEntry[] {
  const config = blob(imageConfig(recipe, layers))
  const manifest = blob({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: config.digest, size: config.body.length },
    layers: layers.map(({ digest, size }) => ({
      mediaType: 'application/vnd.oci.image.layer.v1.tar',
      digest: `sha256:${digest}`,
      size,
    })),
  })
  const index = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [
      {
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        digest: manifest.digest,
        size: manifest.body.length,
        annotations: { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': name },
      },
    ],
  }
  const dockerManifest = [
    { Config: config.path, RepoTags: [name], Layers: layers.map(({ digest }) => `blobs/sha256/${digest}`) },
  ]
  return [
    contentEntry('oci-layout', json({ imageLayoutVersion: '1.0.0' })),
    contentEntry('index.json', json(index)),
    contentEntry('manifest.json', json(dockerManifest)),
    contentEntry(config.path, config.body),
    contentEntry(manifest.path, manifest.body),
    ...new Map(layers.map(layer => [layer.digest, layerEntry(layer)])).values(),
  ]
}

function imageConfig(recipe: ImageRecipe, layers: readonly LayerFile[]) {
  const { entrypoint, cmd, env, ports, user, workingDir, labels, stopSignal } = recipe
  return {
    created: epoch.toISOString(),
    architecture: imageArchitecture(),
    os: 'linux',
    config: {
      ...(user && { User: user }),
      ...(ports && { ExposedPorts: Object.fromEntries(ports.map(port => [port, {}])) }),
      Env: Object.entries({ PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...env }).map(([key, value]) => `${key}=${value}`),
      ...(entrypoint && { Entrypoint: entrypoint }),
      ...(cmd && { Cmd: cmd }),
      ...(workingDir && { WorkingDir: workingDir }),
      ...(labels && { Labels: labels }),
      ...(stopSignal && { StopSignal: stopSignal }),
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => `sha256:${digest}`) },
    history: layers.map(() => ({ created: epoch.toISOString(), created_by: 'typernetes' })),
  }
}

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))
const contentEntry = (name: string, body: Buffer): TarEntry => ({
  header: { name, type: 'file', size: body.length, mode: 0o644, mtime: epoch },
  body,
})
const layerEntry = ({ file, digest, size }: LayerFile): TarEntry => ({
  header: { name: `blobs/sha256/${digest}`, type: 'file', size, mode: 0o644, mtime: epoch },
  body: () => createReadStream(file),
})

function blob(value: unknown): { readonly path: string; readonly digest: string; readonly body: Buffer } {
  const body = json(value)
  const digest = createHash('sha256').update(body).digest('hex')
  return { path: `blobs/sha256/${digest}`, digest: `sha256:${digest}`, body }
}

async function writeTar(file: string, entries: readonly TarEntry[]): Promise<LayerFile> {
  const hash = createHash('sha256')
  const counter = { size: 0 }
  await pipeline(packTar(entries), measure(hash, counter), createWriteStream(file))
  return { file, digest: hash.digest('hex'), size: counter.size }
}

const measure = (hash: Hash, counter: { size: number }) =>
  async function* (chunks: AsyncIterable<Uint8Array>) {
    for await (const chunk of chunks) {
      hash.update(chunk)
      counter.size += chunk.length
      yield chunk
    }
  }

/** A tar stream of entries, taken one after the other as the stream is read. */
export function packTar(entries: Iterable<TarEntry> | AsyncIterable<TarEntry>): Readable {
  const { readable, controller } = createTarPacker()
  const pack = async () => {
    for await (const { header, body } of entries) {
      const writer = controller.add(header).getWriter()
      if (body instanceof Uint8Array) await writer.write(body)
      else if (body) for await (const chunk of body()) await writer.write(chunk)
      await writer.close()
    }
    controller.finalize()
  }
  // Whoever reads the stream gets the error.
  pack().catch(error => controller.error(error))
  return Readable.fromWeb(readable as ReadableStream)
}
