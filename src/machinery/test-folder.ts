import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, rmdirSync } from 'node:fs'
import { networkInterfaces, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { identifyProcess } from './process-identity.js'

/**
 * For tests that leave more than memory. A test that is killed cannot clear up, so all that it makes outside its own
 * process bears its name: the folder, cgroups and links named after it, and, by a variable that they inherit, processes.
 * `cluster/remove-test-remains.js` removes what belongs to tests that run no more: when the test ends early, before
 * another one begins, and before `scripts/test.mjs` runs any.
 */

/** Names the test in the environment of the processes it starts. */
const variable = 'T8S_TEST_PROCESS'
const remover = fileURLToPath(new URL('../cluster/remove-test-remains.js', import.meta.url))
/** Short, as paths of sockets are. */
const folderName = /^t8s-e2e\.(\w+\.\w+)\.\w{6}$/

/** A test's name: pid and start time, which no other process has. */
const nameOf = (pid: number): string | undefined => {
  const identity = identifyProcess(pid)
  return identity && `${pid.toString(36)}.${Number(identity.startTime).toString(36)}`
}
const runs = (test: string): boolean => nameOf(Number.parseInt(test, 36)) === test

let own: string | undefined

/** Marks every process that this one starts from now on as its test's. Answers the test's name. */
export function markTestProcesses(): string {
  own ??= nameOf(process.pid) ?? ''
  process.env[variable] = own
  return own
}

/**
 * Makes a temporary folder that is this test's; whoever asked for it removes it. If it is still there when this process
 * ends, it is removed with all that belongs to it, unless the process ends by SIGKILL: then by the next one that comes.
 */
export function testFolder(): string {
  if (own === undefined) {
    if (abandonedFolders().length > 0) removeRemains()
    for (const [signal, code] of endings) process.once(signal, () => process.exit(code))
    process.once('exit', () => {
      if (foldersOf(test => test === own).length > 0) removeRemains(own)
    })
  }
  for (;;) {
    const folder = mkdtempSync(join(tmpdir(), `t8s-e2e.${markTestProcesses()}.`))
    if (isFree(testNumber(folder), folder)) return folder
    rmdirSync(folder)
  }
}

/**
 * A number from 0 to 255 that no other test's folder has at the same time, for ports and networks. The network 10.NUMBER
 * is none of this machine's, either.
 */
export const testNumber = (folder: string): number => createHash('sha256').update(folder).digest().readUInt8(0)

const isFree = (number: number, folder: string): boolean =>
  foldersOf(() => true).every(other => other === folder || testNumber(other) !== number) &&
  !Object.values(networkInterfaces()).some(each => each?.some(({ address }) => address.startsWith(`10.${number}.`)))

/** Exit codes of who is ended by a signal, as shells have them. */
const endings = [
  ['SIGHUP', 129],
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const

/** The cgroup, in every hierarchy, that belongs to a test's folder. */
export const testCgroup = (folder: string): string => `/${basename(folder)}`

/** The network link that belongs to a test's folder. */
export const testLink = (folder: string): string => `t8s-${folder.slice(-6)}`

/** The folders of tests that run no more, or that `ending` names. */
export const abandonedFolders = (ending?: string): string[] => foldersOf(test => test === ending || !runs(test))

/** Whether a process with this environment was started by such a test. */
export function isAbandoned(environment: readonly string[], ending?: string): boolean {
  const test = environment.find(entry => entry.startsWith(`${variable}=`))?.slice(variable.length + 1)
  return test !== undefined && (test === ending || !runs(test))
}

const foldersOf = (wanted: (test: string) => boolean): string[] =>
  readdirSync(tmpdir()).flatMap(name => {
    const test = folderName.exec(name)?.[1]
    return test !== undefined && wanted(test) ? [join(tmpdir(), name)] : []
  })

/** Waits until all is removed. */
function removeRemains(ending?: string): void {
  const { [variable]: _, ...env } = process.env
  const args = ending === undefined ? [] : [ending]
  spawnSync(process.execPath, [remover, ...args], { env, stdio: ['ignore', 'inherit', 'inherit'] })
}
