/**
 * Removes what tests that run no more have left on this machine: processes, clusters, containers, mounts, cgroups, links,
 * folders, found by the names that `machinery/test-folder.js` gives them. `node remove-test-remains.js [ENDING]`, where
 * ENDING names a test that is about to end and waits for it.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { removeCgroup } from '../kubelet/runtime/cgroups.js'
import { deleteContainerd } from '../kubelet/runtime/index.js'
import { unmountBelow } from '../kubelet/runtime/mounts.js'
import { identifyProcess, type ProcessIdentity, processEnded, signalProcess } from '../machinery/process-identity.js'
import { abandonedFolders, isAbandoned, testCgroup, testLink } from '../machinery/test-folder.js'
import { runProgram } from '../network/run-program.js'
import { defaultConfig, readConfig } from './cluster-config.js'
import { deleteCluster } from './lifecycle.js'
import { lockFile } from './lock-file.js'
import { clusterPaths, listClusters } from './paths.js'

const [ending] = process.argv.slice(2)

// Ctrl-C is for the tests, on which it is called.
process.on('SIGINT', () => {})

function abandonedProcesses(): ProcessIdentity[] {
  // Not every system that unit tests run on has it.
  if (!existsSync('/proc')) return []
  return readdirSync('/proc').flatMap(name => {
    const identity = identifyProcess(Number(name))
    if (!identity || identity.pid === process.pid) return []
    try {
      const environment = readFileSync(`/proc/${name}/environ`, 'latin1').split('\0')
      return isAbandoned(environment, ending) ? [identity] : []
    } catch {
      // It has ended meanwhile.
      return []
    }
  })
}

/** One that has just been started by another one is found in the next round. */
async function endProcesses(): Promise<void> {
  for (;;) {
    const found = abandonedProcesses()
    if (found.length === 0) return
    for (const identity of found) signalProcess(identity, 'SIGKILL')
    await Promise.all(found.map(identity => processEnded(identity, { signal: AbortSignal.timeout(30_000) })))
  }
}

async function endContainers(folder: string): Promise<void> {
  for (const name of await listClusters({ root: folder })) {
    const paths = clusterPaths(name, { root: folder })
    await deleteCluster(paths, (await readConfig(paths).catch(() => undefined)) ?? defaultConfig(name))
  }
  const [root, state, cniConfDir] = [join(folder, 'root'), join(folder, 'state'), join(folder, 'net.d')]
  if (existsSync(state)) await deleteContainerd({ root, state, cniConfDir, sandboxImage: '' })
}

async function removeFolder(folder: string): Promise<void> {
  await runProgram(['ip', 'link', 'delete', testLink(folder)]).catch(() => {
    // Most have none.
  })
  await removeCgroup(testCgroup(folder))
  await unmountBelow(folder)
  await rm(folder, { recursive: true, force: true })
}

// Only one at a time: others find nothing left.
await using _ = await lockFile(join(tmpdir(), 't8s-e2e.lock'), { timeoutMs: 300_000 })
await endProcesses()
const folders = abandonedFolders(ending)
for (const step of [endContainers, removeFolder])
  for (const folder of folders)
    await step(folder).catch(error => {
      process.stderr.write(`${folder}, left by a test, cannot be removed: ${error.stack}\n`)
      process.exitCode = 1
    })
