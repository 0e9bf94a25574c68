import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Clock } from '../machinery/clock.js'
import type { Handler } from '../machinery/http.js'
import { serviceUnavailable } from '../machinery/status-error.js'
import { ConfigError } from './config-error.js'
import type { Manifest } from './manifest.js'
import { type LoadedConfig, WatchedWorker } from './watched-worker.js'

/** A thread is given so many ms to load a configuration. */
const loadMs = 30_000

export interface CheckedFile {
  readonly manifest: Manifest
  /** Of the file and what it imports from its project: another one means another configuration. */
  readonly digest: string
}

/** Loads a configuration file and lets go of it again. Throws a `ConfigError` if it cannot be used. */
export async function checkConfigFile(file: string, clock: Clock): Promise<CheckedFile> {
  const handle: Handler = () => Promise.reject(serviceUnavailable('the configuration is only being checked'))
  const worker = new WatchedWorker({ file, handle, onMessage: () => {} })
  try {
    const { manifest, files } = await loadedInTime(worker, file, clock)
    const hash = createHash('sha256')
    for (const name of files.toSorted()) hash.update(`${name}\n`).update(await readFile(name))
    return { manifest, digest: hash.digest('hex') }
  } finally {
    await worker.end()
  }
}

/** What a thread has loaded. Throws a `ConfigError` if that takes too long. */
export async function loadedInTime(worker: WatchedWorker, file: string, clock: Clock): Promise<LoadedConfig> {
  let late: Disposable | undefined
  const tooLate = new Promise<never>((_, reject) => {
    late = clock.after(loadMs, () =>
      reject(new ConfigError(`${file} is not loaded after ${loadMs / 1000} s: does it wait for something, or loop?`)),
    )
  })
  try {
    return await Promise.race([worker.loaded, tooLate])
  } finally {
    late?.[Symbol.dispose]()
  }
}
