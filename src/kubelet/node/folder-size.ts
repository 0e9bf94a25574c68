import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'

const block = 512

/** Bytes of disk that a folder and all below it take; 0 if there is none. Links are not followed. */
export async function folderSize(folder: string): Promise<number> {
  let total = 0
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) total += await folderSize(path)
    else
      total += await lstat(path).then(
        ({ blocks }) => blocks * block,
        () => 0,
      )
  }
  return total
}
