import { execFile } from 'node:child_process'
import { mkdir, readdir, rm, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { testCgroup, testFolder, testLink, testNumber } from '../../machinery/test-folder.js'
import { type Containerd, type ContainerdOptions, startContainerd } from './containerd.js'
import { deleteContainerd } from './containerd-removal.js'
import { type CriClient, connectCri } from './cri-client.js'
import { ensurePauseImage, pauseImageName } from './images.js'
import { listMounts } from './mounts.js'

const run = promisify(execFile)

/** For tests: a containerd of their own with a bridge network of its own. Disposing of it leaves no trace. */
export interface TestRuntime extends AsyncDisposable {
  /** Everything on disk lies in it. */
  readonly folder: string
  readonly options: ContainerdOptions
  readonly containerd: Containerd
  readonly cri: CriClient
  /** Pods' addresses are `<subnet>.2` and up. */
  readonly subnet: string
  readonly bridge: string
  /** Parent of pods' cgroups; all below it is removed in the end. */
  readonly cgroup: string
}

/** Starts containerd in a temporary folder, with the pause image loaded. Needs root; any number can run at once. */
export async function startTestRuntime(options: Partial<ContainerdOptions> = {}): Promise<TestRuntime> {
  const folder = testFolder()
  const [subnet, bridge, cgroup] = [`10.${testNumber(folder)}.0`, testLink(folder), testCgroup(folder)]
  const cniConfDir = join(folder, 'net.d')
  const all: ContainerdOptions = {
    root: join(folder, 'root'),
    state: join(folder, 'state'),
    sandboxImage: pauseImageName,
    cniConfDir,
    // To run the tests with another release.
    binary: process.env['T8S_TEST_CONTAINERD'] ?? 'containerd',
    ...options,
  }
  const dispose = async () => {
    await deleteContainerd(all)
    await run('ip', ['link', 'delete', bridge]).catch(() => {})
    await removeCgroups(cgroup)
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await mkdir(cniConfDir)
    await writeFile(join(cniConfDir, '10-test.conflist'), networkConfig(bridge, subnet, join(folder, 'ipam')))
    const containerd = await startContainerd(all)
    await containerd.ready
    const cri = connectCri(containerd.socket)
    await ensurePauseImage(containerd, cri)
    return {
      folder,
      options: all,
      containerd,
      cri,
      subnet,
      bridge,
      cgroup,
      async [Symbol.asyncDispose]() {
        cri[Symbol.dispose]()
        await dispose()
      },
    }
  } catch (error) {
    await dispose()
    throw error
  }
}

const networkConfig = (bridge: string, subnet: string, dataDir: string): string =>
  JSON.stringify({
    cniVersion: '0.4.0',
    name: bridge,
    plugins: [
      {
        type: 'bridge',
        bridge,
        isGateway: true,
        ipam: {
          type: 'host-local',
          dataDir,
          ranges: [[{ subnet: `${subnet}.0/24` }]],
          routes: [{ dst: '0.0.0.0/0' }],
        },
      },
    ],
  })

/** Removes a cgroup with all below it, which must have no processes, from every hierarchy. */
async function removeCgroups(path: string): Promise<void> {
  for (const mount of await listMounts()) {
    if (mount.type === 'cgroup' || mount.type === 'cgroup2') await removeTree(join(mount.path, path))
  }
}

async function removeTree(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined)
  if (!entries) return
  for (const entry of entries) if (entry.isDirectory()) await removeTree(join(folder, entry.name))
  await rmdir(folder)
}
