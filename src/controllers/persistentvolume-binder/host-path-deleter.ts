import { realpath, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Deletes a directory below `/tmp` of this machine. Throws if a link leads it elsewhere; one that is not there is fine. */
export async function deleteHostPath(path: string): Promise<void> {
  let parent: string
  try {
    parent = await realpath(dirname(path))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  const root = await realpath('/tmp')
  if (parent !== root && !parent.startsWith(`${root}/`))
    throw new Error(`host_path deleter only supports /tmp/.+ but received provided ${path}`)
  await rm(path, { recursive: true, force: true })
}
