import { statfs } from 'node:fs/promises'

export interface DiskUsage {
  /** Bytes. */
  readonly capacity: number
  readonly available: number
  readonly inodes: number
  readonly inodesFree: number
}

/** How full the filesystem of a folder is. */
export async function diskUsage(folder: string): Promise<DiskUsage> {
  const { bsize, blocks, bavail, files, ffree } = await statfs(folder)
  return { capacity: bsize * blocks, available: bsize * bavail, inodes: files, inodesFree: ffree }
}
