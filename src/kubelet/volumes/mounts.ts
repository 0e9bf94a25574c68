import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { promisify } from 'node:util'
import { mountsBelow as below, listMounts } from '../runtime/mounts.js'
import { VolumeError } from './volume-error.js'

const run = promisify(execFile)

const complaint = (error: unknown): string => {
  const text = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : ''
  return text || String(error)
}

/** Mount points at or below `folder`, deepest first. */
export const mountsBelow = async (folder: string): Promise<readonly string[]> => below(await listMounts(), folder)

/** Mounts a tmpfs. `size` in bytes; half of the memory where absent. Throws `VolumeError`. */
export async function mountTmpfs(folder: string, size?: number): Promise<void> {
  const options = size ? ['-o', `size=${size}`] : []
  await run('mount', ['-t', 'tmpfs', ...options, 'tmpfs', folder]).catch(error => {
    throw new VolumeError(`mount of a tmpfs at ${folder} failed: ${complaint(error)}`)
  })
}

/** Makes what an open file descriptor of this process stands for appear at `target`. Throws `VolumeError`. */
export async function bindDescriptor(descriptor: number, target: string): Promise<void> {
  // The child names the file through this process, so nobody can put another one in its place meanwhile.
  const source = `/proc/${process.pid}/fd/${descriptor}`
  await run('mount', ['--no-canonicalize', '--bind', source, target]).catch(error => {
    throw new VolumeError(`bind mount at ${target} failed: ${complaint(error)}`)
  })
}

/** Unmounts everything at or below a folder, also what is still in use. Throws `VolumeError` if something stays. */
export async function unmountBelow(folder: string): Promise<void> {
  for (const options of [[], ['--lazy']]) {
    const mounts = await mountsBelow(folder)
    if (mounts.length === 0) return
    await run('umount', [...options, ...mounts]).catch(() => {})
  }
  const left = await mountsBelow(folder)
  if (left.length) throw new VolumeError(`cannot unmount ${left.join(', ')}`)
}

/** Removes a folder and all below it, after unmounting: what is mounted there belongs to somebody else. */
export async function removeTree(folder: string): Promise<void> {
  await unmountBelow(folder)
  await rm(folder, { recursive: true, force: true })
}
