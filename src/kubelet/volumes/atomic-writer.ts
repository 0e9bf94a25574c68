import { chmod, chown, lstat, mkdir, readdir, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'
import type { Payload } from './payload.js'
import { VolumeError } from './volume-error.js'

const current = '..data'
const next = '..data_tmp'

/** Who else than root may read and write: the group of a volume's files. */
export interface Ownership {
  readonly gid: number
}

/**
 * Writes all files of a volume so that a reader sees either all old or all new ones: they lie in a folder of their own
 * to which the link `..data` is switched at once; what the pod sees are links through it. Leftovers of a write that was
 * cut off are removed. Throws `VolumeError` for a path that leads outside.
 */
export async function writePayload(
  folder: string,
  payload: Payload,
  { ownership, now }: { readonly ownership?: Ownership; readonly now: number },
): Promise<void> {
  const paths = new Map([...payload].map(([path, file]) => [checkedPath(path), file]))
  const stamp = new Date(now)
    .toISOString()
    .replace(/[-:TZ]/g, '_')
    .replace(/_$/, '')
  const previous = await readlink(join(folder, current)).catch(() => undefined)
  let fresh = `..${stamp}`
  for (let n = 1; fresh === previous; n++) fresh = `..${stamp}.${n}`
  await rm(join(folder, fresh), { recursive: true, force: true })
  await mkdir(join(folder, fresh))
  await chmod(join(folder, fresh), 0o755)
  for (const [path, { data, mode, uid }] of paths) {
    const file = join(folder, fresh, path)
    if (path.includes('/')) await mkdir(dirname(file), { recursive: true, mode: 0o755 })
    await writeFile(file, data)
    if (uid !== undefined) await chown(file, uid, -1)
    // writeFile's mode would be cut by the umask.
    await chmod(file, mode)
  }
  if (ownership) await own(join(folder, fresh), ownership, paths)
  await rm(join(folder, next), { force: true })
  await symlink(fresh, join(folder, next))
  await rename(join(folder, next), join(folder, current))
  await showThrough(folder, new Set([...paths.keys()].map(top)), fresh)
}

const top = (path: string): string => path.split('/', 1)[0] ?? path

/** What pods see: a link `name -> ..data/name` for each first part of a path; everything else goes. */
async function showThrough(folder: string, names: ReadonlySet<string>, fresh: string): Promise<void> {
  const present = new Set(await readdir(folder))
  for (const name of names) {
    const link = join(folder, name)
    const target = join(current, name)
    if (present.has(name) && (await readlink(link).catch(() => '')) === target) continue
    await rm(link, { recursive: true, force: true })
    await symlink(target, link)
  }
  for (const name of present)
    if (!names.has(name) && name !== fresh && name !== current)
      await rm(join(folder, name), { recursive: true, force: true })
}

/** The group may read the files and enter the folders, whatever the modes say. */
async function own(folder: string, { gid }: Ownership, paths: Payload): Promise<void> {
  const folders = new Set([folder])
  for (const path of paths.keys()) {
    const file = join(folder, path)
    for (let parent = dirname(file); parent.length > folder.length; parent = dirname(parent)) folders.add(parent)
    const { mode, uid } = await lstat(file)
    await chown(file, uid, gid)
    await chmod(file, (mode & 0o7777) | 0o440)
  }
  for (const name of folders) {
    await chown(name, -1, gid)
    await chmod(name, 0o2755)
  }
}

function checkedPath(path: string): string {
  const clean = normalize(path)
  if (path === '' || path.startsWith('/') || clean.startsWith('..') || clean === '.')
    throw new VolumeError(`invalid path: must be relative and not lead outside or begin with '..': ${path}`)
  return clean
}
