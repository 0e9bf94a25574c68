import { realpath, rm } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/** Deletes a directory below `/tmp` of this machine. Throws if a link leads it elsewhere; one that is not there is fine. */
export async function deleteHostPath(path: string): Promise<void> {
  // Neither `/tmp` itself nor what is above it, however it is written.
  const target = resolve(path)
  let parent: string
  try {
    parent = await realpath(dirname(target))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  const root = await realpath('/tmp')
  if (parent !== root && !parent.startsWith(`${root}/`))
    throw new Error(`host_path deleter only supports /tmp/.+ but received provided ${path}`)
  await rm(target, { recursive: true, force: true })
}
