import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface MountPoint {
  readonly path: string
  /** Filesystem type, e.g. `overlay`, `cgroup2`. */
  readonly type: string
}

/** Reads the text of a `/proc/<pid>/mountinfo`, in the order of mounting. */
export function parseMountInfo(text: string): MountPoint[] {
  return text.split('\n').flatMap(line => {
    const [mount = '', filesystem = ''] = line.split(' - ')
    const path = mount.split(' ')[4]
    return path ? [{ path: unescapeOctal(path), type: filesystem.split(' ')[0] ?? '' }] : []
  })
}

const unescapeOctal = (path: string): string =>
  path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))

/** This process' mounts. */
export const listMounts = async (): Promise<MountPoint[]> =>
  parseMountInfo(await readFile('/proc/self/mountinfo', 'utf8'))

/** Mount points at or below a folder, the last mounted first: the order in which to unmount. */
export const mountsBelow = (mounts: readonly MountPoint[], folder: string): string[] =>
  mounts
    .filter(({ path }) => path === folder || path.startsWith(`${folder}/`))
    .map(({ path }) => path)
    .reverse()

/** Unmounts everything at and below a folder. A mount in use is detached: it ends with its last user. */
export async function unmountBelow(folder: string): Promise<void> {
  for (const path of mountsBelow(await listMounts(), folder)) {
    await run('umount', ['--', path]).catch(() => run('umount', ['--lazy', '--', path]))
  }
}

/** Whether overlay filesystems can be mounted with their upper layer in this folder, which it makes if need be. */
export async function overlayWorks(folder: string): Promise<boolean> {
  await mkdir(folder, { recursive: true })
  const trial = await mkdtemp(join(folder, 'overlay-trial-'))
  const part = (name: string) => join(trial, name)
  try {
    await Promise.all(['lower', 'upper', 'work', 'merged'].map(name => mkdir(part(name))))
    const options = `lowerdir=${part('lower')},upperdir=${part('upper')},workdir=${part('work')}`
    await run('mount', ['-t', 'overlay', 'overlay', '-o', options, part('merged')])
    await run('umount', ['--', part('merged')])
    return true
  } catch {
    return false
  } finally {
    await rm(trial, { recursive: true, force: true })
  }
}
