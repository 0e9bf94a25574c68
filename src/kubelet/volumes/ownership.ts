import { chmod, lchown, lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Gives a volume to a group: files become readable and writable for it, folders pass the group on
 * (https://kubernetes.io/docs/tasks/configure-pod-container/security-context/#configure-volume-permission-and-ownership-change-policy-for-pods).
 * `onRootMismatch`: does nothing if the volume's root already belongs to the group.
 */
export async function giveToGroup(folder: string, gid: number, onRootMismatch: boolean): Promise<void> {
  const stats = await lstat(folder)
  if (onRootMismatch && stats.gid === gid && (stats.mode & 0o2770) === 0o2770) return
  await giveTree(folder, gid)
}

async function giveTree(path: string, gid: number): Promise<void> {
  const stats = await lstat(path)
  await lchown(path, stats.uid, gid)
  if (stats.isSymbolicLink()) return
  if (!stats.isDirectory()) return chmod(path, (stats.mode & 0o7777) | 0o660)
  for (const name of await readdir(path)) await giveTree(join(path, name), gid)
  await chmod(path, (stats.mode & 0o7777) | 0o2770)
}
