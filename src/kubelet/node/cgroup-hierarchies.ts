import { readFileSync } from 'node:fs'

/** Where the kernel shows control groups: one tree (v2), or one a controller (v1). */
export type CgroupHierarchies =
  | { readonly version: 2; readonly root: string }
  /** Mount point by controller; `all` holds every tree once, also those without a controller. */
  | { readonly version: 1; readonly controllers: ReadonlyMap<string, string>; readonly all: readonly string[] }

/** Finds the trees in the text of /proc/mounts. Throws if none is mounted. */
export function findCgroupHierarchies(mounts = readFileSync('/proc/mounts', 'utf8')): CgroupHierarchies {
  const controllers = new Map<string, string>()
  const all = new Set<string>()
  let unified: string | undefined
  for (const line of mounts.split('\n')) {
    const [, path, type, options = ''] = line.split(' ')
    if (!path) continue
    if (type === 'cgroup2') unified ??= path
    if (type !== 'cgroup') continue
    all.add(path)
    for (const option of options.split(',')) if (!controllers.has(option)) controllers.set(option, path)
  }
  // On a machine with both, the controllers are where v1 has them; the v2 tree only tracks processes.
  if (controllers.has('memory') && controllers.has('cpu'))
    return { version: 1, controllers, all: [...all, ...(unified ? [unified] : [])] }
  if (!unified) throw new Error('no cgroup hierarchy is mounted')
  return { version: 2, root: unified }
}
