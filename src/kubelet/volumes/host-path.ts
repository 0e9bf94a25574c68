import type { Stats } from 'node:fs'
import { mkdir, open, stat } from 'node:fs/promises'
import { VolumeError } from './volume-error.js'

const kinds: { readonly [type: string]: readonly [(stats: Stats) => boolean, string] } = {
  Directory: [stats => stats.isDirectory(), 'a directory'],
  DirectoryOrCreate: [stats => stats.isDirectory(), 'a directory'],
  File: [stats => stats.isFile(), 'a file'],
  FileOrCreate: [stats => stats.isFile(), 'a file'],
  Socket: [stats => stats.isSocket(), 'a socket file'],
  CharDevice: [stats => stats.isCharacterDevice(), 'a character device'],
  BlockDevice: [stats => stats.isBlockDevice(), 'a block device'],
}

/**
 * Makes sure that a path of the node is what a pod expects, and creates it where asked to
 * (https://kubernetes.io/docs/concepts/storage/volumes/#hostpath-volume-types). Throws `VolumeError`.
 */
export async function checkHostPath(path: string, type: string | undefined): Promise<void> {
  if (!type) return
  const [matches, description] = kinds[type] ?? []
  if (!matches) throw new VolumeError(`unknown hostPath type "${type}"`)
  let stats = await stat(path).catch(() => undefined)
  if (!stats && type === 'DirectoryOrCreate') {
    await mkdir(path, { recursive: true, mode: 0o755 })
    stats = await stat(path)
  }
  if (!stats && type === 'FileOrCreate') {
    const file = await open(path, 'a', 0o644).catch(error => {
      throw new VolumeError(`cannot create ${path}: ${error instanceof Error ? error.message : error}`)
    })
    stats = await file.stat()
    await file.close()
  }
  if (!stats || !matches(stats)) throw new VolumeError(`hostPath type check failed: ${path} is not ${description}`)
}
