import { constants, type Stats } from 'node:fs'
import { chmod, type FileHandle, lstat, mkdir, open, readFile, realpath } from 'node:fs/promises'
import { dirname, join, normalize, relative } from 'node:path'
import { VolumeError } from './volume-error.js'

/** Linux' flag to hold a path without opening what it leads to. */
const holdPath = 0o10000000

/** `subPath` within a volume must stay there. Throws `VolumeError`. */
export function checkedSubPath(path: string): string {
  const clean = normalize(path)
  if (path.startsWith('/') || clean === '..' || clean.startsWith('../'))
    throw new VolumeError(`subPath "${path}" must be a relative path without '..'`)
  return clean
}

/**
 * Where a path within a volume really is, all links followed; a folder is made where nothing is. Throws `VolumeError` if
 * it leads outside of the volume.
 */
export async function resolveSubPath(volume: string, subPath: string): Promise<string> {
  const root = await realpath(volume)
  const wanted = join(root, checkedSubPath(subPath))
  let existing = wanted
  let found: string | undefined
  while ((found = await realpath(existing).catch(() => undefined)) === undefined) existing = dirname(existing)
  requireWithin(root, found, subPath)
  const missing = relative(existing, wanted)
  if (!missing) return found
  const { mode } = await lstat(root)
  let target = found
  for (const part of missing.split('/')) {
    target = join(target, part)
    await mkdir(target)
    // As open as the volume itself, whatever the umask: containers may run as anybody.
    await chmod(target, mode & 0o7777)
  }
  const resolved = await realpath(target)
  requireWithin(root, resolved, subPath)
  return resolved
}

/** The same for what cannot be written to: nothing is made. Throws `VolumeError` if there is nothing at the path. */
export async function existingSubPath(volume: string, subPath: string): Promise<string> {
  const root = await realpath(volume)
  const found = await realpath(join(root, checkedSubPath(subPath))).catch(() => undefined)
  if (found === undefined) throw new VolumeError(`subPath "${subPath}" does not exist`)
  requireWithin(root, found, subPath)
  return found
}

function requireWithin(root: string, path: string, subPath: string): void {
  if (path !== root && !path.startsWith(`${root}/`))
    throw new VolumeError(`subPath "${subPath}" leads outside of its volume`)
}

/**
 * Holds a path inside a volume that other programs may change at any time: every part is opened in turn, no link is
 * followed, so what the descriptor stands for lies in the volume. The caller closes it. Throws `VolumeError`.
 */
export async function holdInside(
  volume: string,
  resolved: string,
): Promise<{ readonly handle: FileHandle; readonly stats: Stats }> {
  let handle = await open(volume, holdPath | constants.O_DIRECTORY)
  try {
    for (const part of relative(await realpath(volume), resolved)
      .split('/')
      .filter(Boolean)) {
      const next = await open(`/proc/self/fd/${handle.fd}/${part}`, holdPath | constants.O_NOFOLLOW)
      await handle.close()
      handle = next
      if ((await handle.stat()).isSymbolicLink()) throw new VolumeError(`${resolved} has become a link`)
    }
    return { handle, stats: await handle.stat() }
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** The text of a file that a pod's containers wrote into a volume; undefined if there is none inside of it. */
export async function readInside(volume: string, path: string): Promise<string | undefined> {
  const root = await realpath(volume)
  const resolved = await realpath(join(root, checkedSubPath(path))).catch(() => undefined)
  if (!resolved?.startsWith(`${root}/`)) return undefined
  const { handle, stats } = await holdInside(root, resolved)
  try {
    return stats.isFile() ? await readFile(`/proc/self/fd/${handle.fd}`, 'utf8') : undefined
  } finally {
    await handle.close()
  }
}
