import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface ConfigFolder extends AsyncDisposable {
  /** Writes a file and answers its path. */
  write(text: string, name?: string): Promise<string>
}

/** A folder for configurations of tests, removed in the end. */
export async function configFolder(): Promise<ConfigFolder> {
  const folder = await mkdtemp(join(tmpdir(), 't8s-config-'))
  return {
    async write(text, name = 't8s.config.ts') {
      const path = join(folder, name)
      await writeFile(path, text)
      return path
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  }
}
