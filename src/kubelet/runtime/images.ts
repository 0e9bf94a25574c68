import { spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { access, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { type ContainerdVersion, parseContainerdVersion, type Snapshotter } from './containerd-config.js'
import type { CriClient } from './cri-client.js'
import { imageArchitecture, writeImageArchive } from './image-archive.js'
import { ImageArchiveError, inspectImageArchive, plannedArchive } from './image-archive-reader.js'
import { programEntries } from './program-files.js'

/** The containerd whose images are meant; a `Containerd` is one. */
export interface ImageTarget {
  readonly socket: string
  readonly version: ContainerdVersion
  readonly snapshotter: Snapshotter
  /** The program `ctr` of the same release. */
  readonly ctr: string
}

/** What can be known of a containerd that is not ours, by asking it. Throws `RuntimeError` if it cannot be asked. */
export async function imageTargetOf(
  socket: string,
  cri: Pick<CriClient, 'version' | 'status'>,
  ctr = 'ctr',
): Promise<ImageTarget> {
  const [{ runtimeName, runtimeVersion }, { info }] = await Promise.all([
    cri.version({}),
    cri.status({ verbose: true }),
  ])
  if (runtimeName !== 'containerd') throw new Error(`images cannot be loaded into ${runtimeName}, only into containerd`)
  const snapshotter = /"snapshotter":"([a-z]+)"/.exec(info['config'] ?? '')?.[1]
  const version = parseContainerdVersion(`containerd ${runtimeVersion}`)
  return { socket, version, snapshotter: snapshotter === 'native' ? 'native' : 'overlayfs', ctr }
}

export interface LoadImageOptions {
  /** Names the archive's image, which may then have none, or another, in it. */
  readonly name?: string
  readonly signal?: AbortSignal
}

/** The image of the process that holds a pod's namespaces; see `ensurePauseImage`. */
export const pauseImageName = 'typernetes.local/pause:1'

/** How long CRI may take to see an image that was imported. */
const visibleLimit = 10_000

/**
 * Loads the images of an archive (docker save or OCI layout, plain or compressed with gzip or zstd), a file or a
 * stream, so that pods can use them. Returns their full names. Throws `ImageArchiveError` if it is no such archive.
 */
export async function loadImage(
  archive: string | Readable,
  target: ImageTarget,
  cri: Pick<CriClient, 'imageStatus'>,
  { name, signal }: LoadImageOptions = {},
): Promise<readonly string[]> {
  if (typeof archive !== 'string') {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'archive')
    await pipeline(archive, createWriteStream(file), signal ? { signal } : {})
    return await loadImage(file, target, cri, { ...(name && { name }), ...(signal && { signal }) })
  }
  try {
    const plan = await inspectImageArchive(archive, name)
    await importArchive(plannedArchive(archive, plan), target, signal)
    await Promise.all(plan.names.map(image => untilVisible(cri, image, signal)))
    return plan.names
  } catch (error) {
    if (!(error instanceof ImageArchiveError)) throw error
    throw new ImageArchiveError(`${basename(archive)}: ${error.message}`, { cause: error.cause })
  }
}

async function importArchive(archive: Readable, target: ImageTarget, signal?: AbortSignal): Promise<void> {
  const { socket, snapshotter, version, ctr } = target
  const args = ['--address', socket, '--namespace', 'k8s.io', 'images', 'import', '--snapshotter', snapshotter]
  // From 2.0 on another service does it unless told otherwise, one that knows only its own configured snapshotters.
  if (version.major >= 2) args.push('--local')
  const child = spawn(ctr, [...args, '-'], { stdio: ['pipe', 'ignore', 'pipe'], ...(signal && { signal }) })
  let complaint = ''
  child.stderr.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString()).slice(-2000)
  })
  const ended = new Promise<number | null>((resolve, reject) => child.once('close', resolve).once('error', reject))
  // ctr may end before it has read everything, so its own verdict counts, not the broken pipe.
  const [fed, code] = await Promise.allSettled([pipeline(archive, child.stdin), ended])
  signal?.throwIfAborted()
  if (code.status === 'rejected') throw new Error(`cannot run ${ctr}`, { cause: code.reason })
  if (fed.status === 'rejected' && !isBrokenPipe(fed.reason)) throw fed.reason
  if (/might be filtered out|no match for platform/.test(complaint)) {
    throw new ImageArchiveError(`it holds no image for this machine, linux/${imageArchitecture()}`)
  }
  if (code.value !== 0) throw new Error(`containerd cannot import the image: ${lastLine(complaint)}`)
}

const isBrokenPipe = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'EPIPE' || error.code === 'ERR_STREAM_PREMATURE_CLOSE')
const lastLine = (text: string): string =>
  text
    .trim()
    .split('\n')
    .at(-1)
    ?.replace(/^ctr: /, '') || 'it does not say why'

/** CRI hears of a new image by an event, shortly after the import. */
async function untilVisible(cri: Pick<CriClient, 'imageStatus'>, image: string, signal?: AbortSignal): Promise<void> {
  for (const end = Date.now() + visibleLimit; ; await pause(10, undefined, signal ? { signal } : {})) {
    const { image: found } = await cri.imageStatus({ image: { image } }, signal ? { signal } : {})
    if (found) return
    if (Date.now() >= end) throw new Error(`the runtime does not see the image ${image} it has imported`)
  }
}

/**
 * Makes the pause image from this machine's `catatonit`, which waits and reaps, and loads it, unless it is there.
 * Returns its name. Throws if catatonit is not installed.
 */
export async function ensurePauseImage(
  target: ImageTarget,
  cri: Pick<CriClient, 'imageStatus'>,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<string> {
  const { image } = await cri.imageStatus({ image: { image: pauseImageName } }, signal ? { signal } : {})
  if (image) return pauseImageName
  await using folder = await temporaryFolder()
  const archive = join(folder.path, 'pause.tar')
  await buildPauseImage(archive)
  await loadImage(archive, target, cri, signal ? { signal } : {})
  return pauseImageName
}

/** Writes the pause image's archive. Throws if catatonit is not installed. */
async function buildPauseImage(archive: string): Promise<void> {
  await writeImageArchive(archive, {
    name: pauseImageName,
    layers: [await programEntries(await findCatatonit(), '/pause')],
    entrypoint: ['/pause', '-P'],
    user: '65535:65535',
  })
}

async function findCatatonit(): Promise<string> {
  const places = ['/usr/bin', '/usr/libexec/catatonit', '/usr/libexec/podman', '/usr/local/bin']
  for (const place of places) {
    const program = join(place, 'catatonit')
    const found = await access(program).then(
      () => true,
      () => false,
    )
    if (found) return program
  }
  throw new Error(`catatonit, which holds pods' namespaces, is not installed: it is in none of ${places.join(', ')}`)
}

async function temporaryFolder(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 't8s-image-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}
