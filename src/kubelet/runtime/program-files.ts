import { execFile } from 'node:child_process'
import { realpath } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { LayerEntry } from './image-archive.js'

const run = promisify(execFile)

/** A program of this machine as files of an image: itself, at `path`, and the shared libraries it is linked with. */
export async function programEntries(program: string, path = program): Promise<LayerEntry[]> {
  const [file, libraries] = await Promise.all([realpath(program), sharedLibraries(program)])
  return [
    { path, mode: 0o755, source: { file } },
    ...(await Promise.all(
      libraries.map(async library => ({ path: library, mode: 0o755, source: { file: await realpath(library) } })),
    )),
  ]
}

/** Paths of the shared libraries, the loader included, that a program needs; none if it is linked statically. */
async function sharedLibraries(program: string): Promise<string[]> {
  try {
    return parseLdd((await run('ldd', [program])).stdout)
  } catch (error) {
    const output = error instanceof Error && 'stderr' in error ? String(error.stderr) : ''
    if (output.includes('not a dynamic executable')) return []
    throw new Error(`cannot find the libraries of ${program}`, { cause: error })
  }
}

/** Reads what `ldd` prints. Throws if a library is missing. */
export function parseLdd(output: string): string[] {
  return output.split('\n').flatMap(line => {
    const missing = /^\s*(\S+) => not found/.exec(line)
    if (missing) throw new Error(`the library ${missing[1]} is not installed`)
    return /(?:=>\s+|^\s+)(\/\S+)/.exec(line)?.[1] ?? []
  })
}
