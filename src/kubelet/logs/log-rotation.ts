import { createReadStream, createWriteStream } from 'node:fs'
import { readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { Clock } from '../../machinery/clock.js'

export interface RotationOptions {
  readonly clock: Clock
  /** Bytes at which a log is set aside; 10 MiB by default. */
  readonly maxSize?: number
  /** Files kept of one log, the current one included; 5 by default. */
  readonly maxFiles?: number
  /** Has the runtime write to a new file of the old name. */
  readonly reopen: () => Promise<void>
}

const defaultMaxSize = 10 << 20
const defaultMaxFiles = 5

/** Sets a container's log aside if it has grown too large, packs older parts and drops the oldest. Answers if it did. */
export async function rotateLog(path: string, options: RotationOptions): Promise<boolean> {
  const { clock, maxSize = defaultMaxSize, maxFiles = defaultMaxFiles, reopen } = options
  const size = await stat(path).then(
    stats => stats.size,
    () => 0,
  )
  if (size < maxSize) return false
  const parts = await olderParts(path)
  await removeOldest(parts, maxFiles - 2)
  for (const part of parts.slice(-(maxFiles - 2))) if (!part.endsWith('.gz')) await pack(part)
  const stamp = new Date(clock.now()).toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15)
  const aside = `${path}.${stamp}`
  await rename(path, aside)
  try {
    await reopen()
  } catch (error) {
    // The runtime goes on writing to the file it has open: it must keep its name.
    await rename(aside, path)
    throw error
  }
  return true
}

/** Parts set aside earlier, oldest first. What a packing left unfinished goes. */
async function olderParts(path: string): Promise<readonly string[]> {
  const folder = dirname(path)
  const prefix = `${basename(path)}.`
  const names = (await readdir(folder)).filter(name => name.startsWith(prefix)).sort()
  const unfinished = names.filter(name => name.endsWith('.tmp'))
  for (const name of unfinished) await rm(join(folder, name), { force: true })
  return names.filter(name => !unfinished.includes(name)).map(name => join(folder, name))
}

async function removeOldest(parts: readonly string[], kept: number): Promise<void> {
  for (const part of parts.slice(0, Math.max(0, parts.length - kept))) await rm(part, { force: true })
}

async function pack(part: string): Promise<void> {
  const unfinished = `${part}.tmp`
  await pipeline(createReadStream(part), createGzip(), createWriteStream(unfinished))
  await rename(unfinished, `${part}.gz`)
  await rm(part)
}
