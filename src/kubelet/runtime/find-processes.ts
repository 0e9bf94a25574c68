import { readdir, readFile } from 'node:fs/promises'
import { identifyProcess, type ProcessIdentity } from '../../machinery/process-identity.js'

/** All processes whose command line passes the test. */
export async function findProcesses(matches: (argv: readonly string[]) => boolean): Promise<ProcessIdentity[]> {
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name)).map(Number)
  const found = await Promise.all(
    pids.map(async pid => {
      const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
      return matches(text.split('\0').slice(0, -1)) ? identifyProcess(pid) : undefined
    }),
  )
  return found.filter(process => process !== undefined)
}
