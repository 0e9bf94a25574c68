import { randomUUID } from 'node:crypto'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/** What a file written anew shall be: its mode (not narrowed by umask) and, if given, its owner. */
export interface FileAttributes {
  readonly mode: number
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined
}

const besides = (path: string): string => `${path}.${randomUUID()}.tmp`

/**
 * Puts `content` at `path` so that readers and crashes see the old file or the new one, never a part; on disk when the
 * promise resolves.
 */
export const writeFileAtomically = async (
  path: string,
  content: string | Uint8Array,
  { mode, owner }: FileAttributes,
): Promise<void> => {
  const temporary = besides(path)
  try {
    await using file = await open(temporary, 'wx', mode)
    await file.chmod(mode)
    if (owner) await file.chown(owner.uid, owner.gid)
    await file.writeFile(content)
    await file.sync()
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await using folder = await open(dirname(path), 'r')
  await folder.sync()
}

/** The same without waiting for the disk, at once: for state that a reboot makes void. */
export const writeFileAtomicallySync = (path: string, content: string, mode: number): void => {
  const temporary = besides(path)
  try {
    writeFileSync(temporary, content, { mode })
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}
