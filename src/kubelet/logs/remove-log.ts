import { readdir, rm } from 'node:fs/promises'

/** Removes the log of one incarnation of a container, with the older parts that were set aside. */
export async function removeLog(folder: string, restartCount: number): Promise<void> {
  const current = `${restartCount}.log`
  for (const name of await readdir(folder).catch(() => []))
    if (name === current || name.startsWith(`${current}.`)) await rm(`${folder}/${name}`, { force: true })
}
