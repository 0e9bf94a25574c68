import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { access, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { get } from 'node:http'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { identifyProcess, isRunning } from '../../machinery/process-identity.js'
import { testCgroup, testFolder } from '../../machinery/test-folder.js'
import { removeCgroup } from './cgroups.js'
import { type ContainerEvent, containerEvents, statusAfterExit } from './container-events.js'
import { startContainerd } from './containerd.js'
import { deleteContainerd, removeAllPods } from './containerd-removal.js'
import { ContainerState, NamespaceMode, type PodSandboxConfig, PodSandboxState } from './cri-messages.js'
import { findProcesses } from './find-processes.js'
import { writeImageArchive } from './image-archive.js'
import { imageTargetOf, loadImage, pauseImageName } from './images.js'
import { listMounts } from './mounts.js'
import { isNotFound, isTimeout, RuntimeError } from './runtime-error.js'
import { loadTestImage, testImages } from './test-images.js'
import { startTestRuntime, type TestRuntime } from './test-runtime.js'

let runtime: TestRuntime
let busybox: string

before(async () => {
  runtime = await startTestRuntime()
  busybox = await loadTestImage(await testImages.busybox(), runtime.containerd, runtime.cri)
})
after(async () => {
  const { folder, bridge, cgroup } = runtime
  await runtime[Symbol.asyncDispose]()
  await assertNoTraces(folder, bridge, cgroup)
})

async function assertNoTraces(folder: string, bridge: string, cgroup: string): Promise<void> {
  assert.deepEqual(await findProcesses(argv => argv.some(arg => arg.includes(folder))), [])
  const mounts = await listMounts()
  assert.deepEqual(
    mounts.filter(({ path }) => path.startsWith(folder)),
    [],
  )
  for (const { path } of mounts.filter(({ type }) => type.startsWith('cgroup'))) {
    await assert.rejects(access(join(path, cgroup)), { code: 'ENOENT' })
  }
  await assert.rejects(access(`/sys/class/net/${bridge}`), { code: 'ENOENT' })
  await assert.rejects(access(folder), { code: 'ENOENT' })
  const leases = await readdir('/var/lib/cni/results').catch(() => [])
  assert.deepEqual(
    leases.filter(name => name.startsWith(bridge)),
    [],
  )
}

function sandboxConfig(name: string, rest: Partial<PodSandboxConfig> = {}): PodSandboxConfig {
  return {
    metadata: { name, uid: `uid-${name}`, namespace: 'test', attempt: 0 },
    hostname: name,
    logDirectory: join(runtime.folder, 'logs', name),
    labels: { app: name },
    linux: { cgroupParent: `${runtime.cgroup}/${name}` },
    ...rest,
  }
}

interface ContainerOptions {
  readonly name?: string
  readonly image?: string
  readonly command?: readonly string[]
  readonly memory?: number
  readonly uid?: number
}

async function startContainer(sandbox: string, config: PodSandboxConfig, options: ContainerOptions): Promise<string> {
  const { name = 'main', image = busybox, command, memory, uid } = options
  const { containerId } = await runtime.cri.createContainer({
    podSandboxId: sandbox,
    sandboxConfig: config,
    config: {
      metadata: { name, attempt: 0 },
      image: { image },
      ...(command && { command }),
      labels: { container: name },
      logPath: `${name}.log`,
      linux: {
        resources: { oomScoreAdj: 900, ...(memory && { memoryLimitInBytes: memory, memorySwapLimitInBytes: memory }) },
        securityContext: {
          namespaceOptions: { pid: NamespaceMode.container },
          ...(uid !== undefined && { runAsUser: { value: uid } }),
        },
      },
    },
  })
  await runtime.cri.startContainer({ containerId })
  return containerId
}

/** Collects events from the first `resync` on. */
async function follow(socket: string) {
  const controller = new AbortController()
  const seen: ContainerEvent[] = []
  const waiting = new Set<() => void>()
  const ended = (async () => {
    for await (const event of containerEvents(socket, controller.signal)) {
      seen.push(event)
      for (const check of waiting) check()
    }
  })()
  const until = (matches: (event: ContainerEvent) => boolean, from = 0) =>
    new Promise<ContainerEvent>(resolve => {
      const check = () => {
        const event = seen.slice(from).find(matches)
        if (!event) return
        waiting.delete(check)
        resolve(event)
      }
      waiting.add(check)
      check()
    })
  // Waiting to connect again keeps no process alive.
  const hold = setInterval(() => {}, 1000)
  await until(({ type }) => type === 'resync')
  return {
    seen,
    until,
    async [Symbol.asyncDispose]() {
      clearInterval(hold)
      controller.abort()
      await ended
    },
  }
}

const fetchText = (url: string): Promise<string> =>
  new Promise((resolve, reject) => {
    get(url, { agent: false }, response => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', chunk => (text += chunk))
      response.on('end', () => resolve(text))
    }).on('error', reject)
  })

const eventually = async <T>(attempt: () => Promise<T>): Promise<T> => {
  for (const end = Date.now() + 60_000; ; await pause(20)) {
    try {
      return await attempt()
    } catch (error) {
      if (Date.now() >= end) throw error
    }
  }
}

const kill = async (pid: number): Promise<void> => {
  process.kill(pid, 'SIGKILL')
  await eventually(async () => assert.equal(identifyProcess(pid), undefined))
}
const isFor = (id: string, type: ContainerEvent['type']) => (event: ContainerEvent) =>
  event.type === type && 'id' in event && event.id === id

/** The shim's socket, which lies in a folder that all containerds share. */
const listeningSocket = async (pid: number | undefined): Promise<string | undefined> => {
  const sockets = (await readFile('/proc/net/unix', 'utf8')).split('\n').map(line => line.trim().split(/\s+/))
  for (const fd of await readdir(`/proc/${pid}/fd`)) {
    const inode = /^socket:\[(\d+)\]$/.exec(await readlink(`/proc/${pid}/fd/${fd}`).catch(() => ''))?.[1]
    const path = inode && sockets.find(fields => fields[6] === inode)?.[7]
    if (path?.startsWith('/run/containerd/s/')) return path
  }
  return undefined
}

test('a pod lives and dies', { timeout: 240_000 }, async () => {
  const { cri, subnet } = runtime
  await using events = await follow(runtime.containerd.socket)
  const config = sandboxConfig('life')
  const { podSandboxId } = await cri.runPodSandbox({ config })
  const { status: sandbox } = await cri.podSandboxStatus({ podSandboxId })
  assert.equal(sandbox?.state, PodSandboxState.ready)
  assert.ok(sandbox?.network?.ip.startsWith(`${subnet}.`), sandbox?.network?.ip)
  assert.deepEqual(sandbox?.labels, { app: 'life' })

  const command = ['sh', '-c', 'echo out; echo err >&2; trap "exit 3" TERM; while :; do sleep 0.05; done']
  const containerId = await startContainer(podSandboxId, config, { command })
  await events.until(isFor(podSandboxId, 'started'))
  await events.until(isFor(containerId, 'started'))
  const { status } = await cri.containerStatus({ containerId })
  assert.equal(status?.state, ContainerState.running)
  assert.equal(status?.image?.image, busybox)
  assert.ok((status?.startedAt ?? 0) > 1e18)

  const log = join(runtime.folder, 'logs', 'life', 'main.log')
  const lines = await eventually(async () => {
    const text = await readFile(log, 'utf8')
    assert.match(text, /stderr/)
    return text.trimEnd().split('\n')
  })
  assert.deepEqual(lines.map(line => line.replace(/^\S+ /, '')).sort(), ['stderr F err', 'stdout F out'])

  const found = await cri.execSync({ containerId, cmd: ['sh', '-c', 'hostname; echo no >&2; exit 7'] })
  assert.equal(Buffer.from(found.stdout).toString(), 'life\n')
  assert.equal(Buffer.from(found.stderr).toString(), 'no\n')
  assert.equal(found.exitCode, 7)
  await assert.rejects(cri.execSync({ containerId, cmd: ['sleep', '60'], timeout: 1 }), isTimeout)
  assert.match((await cri.exec({ containerId, cmd: ['sh'], stdout: true })).url, /^http:\/\/127\.0\.0\.1:\d+\//)

  const { stats } = await cri.listContainerStats({ filter: { podSandboxId } })
  assert.equal(stats.length, 1)
  assert.ok((stats[0]?.memory?.usageBytes?.value ?? 0) > 0)

  await cri.stopContainer({ containerId, timeout: 10 })
  const exited = await events.until(isFor(containerId, 'exited'))
  assert.equal(exited.type === 'exited' && exited.exitCode, 3)
  const stopped = await statusAfterExit(cri, containerId)
  assert.equal(stopped?.state, ContainerState.exited)
  assert.equal(stopped?.exitCode, 3)
  // Commands that were exec'ed have exited as well, which is no news of the container.
  assert.equal(events.seen.filter(isFor(containerId, 'exited')).length, 1)

  await cri.removeContainer({ containerId })
  await events.until(isFor(containerId, 'deleted'))
  await assert.rejects(cri.containerStatus({ containerId }), isNotFound)
  assert.equal(await statusAfterExit(cri, containerId), undefined)
  await cri.stopPodSandbox({ podSandboxId })
  await cri.removePodSandbox({ podSandboxId })
  assert.deepEqual((await cri.listPodSandbox({ filter: { id: podSandboxId } })).items, [])
})

test('a container that takes too much memory is killed, and we hear of it', { timeout: 240_000 }, async () => {
  const { cri } = runtime
  await using events = await follow(runtime.containerd.socket)
  const config = sandboxConfig('hungry')
  const { podSandboxId } = await cri.runPodSandbox({ config })
  const containerId = await startContainer(podSandboxId, config, { command: ['tail', '/dev/zero'], memory: 16 << 20 })
  await events.until(isFor(containerId, 'oom'))
  await events.until(isFor(containerId, 'exited'))
  const status = await statusAfterExit(cri, containerId)
  assert.equal(status?.exitCode, 137)
  assert.equal(status?.reason, 'OOMKilled')
  await removeAllPods(cri)
})

test('images made of programs of this machine run', { timeout: 240_000 }, async () => {
  const { cri, containerd } = runtime
  const images = await Promise.all([testImages.nodeWeb(), testImages.nginx()])
  const cases = [
    { name: 'node-web', port: 8080, answer: /^node-web\n$/, uid: 1000 },
    { name: 'nginx', port: 80, answer: /Welcome to nginx!/ },
  ]
  for (const [index, { name, port, answer, uid }] of cases.entries()) {
    const recipe = images[index]
    assert.ok(recipe)
    const image = await loadTestImage(recipe, containerd, cri)
    assert.equal(image, `docker.io/library/${recipe.name}`)
    const config = sandboxConfig(name)
    const { podSandboxId } = await cri.runPodSandbox({ config })
    await startContainer(podSandboxId, config, { image, ...(uid && { uid }) })
    const { status } = await cri.podSandboxStatus({ podSandboxId })
    const page = await eventually(() => fetchText(`http://${status?.network?.ip}:${port}/`))
    assert.match(page, answer)
  }
  assert.equal(await removeAllPods(cri), 2)
})

test('images are loaded from files and streams, listed and removed', { timeout: 240_000 }, async () => {
  const { cri, containerd, folder } = runtime
  const archive = join(folder, 'image.tar')
  const recipe = await testImages.busybox('team/tool:1')
  await writeImageArchive(archive, { ...recipe, labels: { test: 'load' } })
  assert.deepEqual(await loadImage(archive, containerd, cri), ['docker.io/team/tool:1'])
  await promisify(execFile)('gzip', [archive])
  const stream = createReadStream(`${archive}.gz`)
  assert.deepEqual(await loadImage(stream, containerd, cri, { name: 'other.example/tool:2' }), ['other.example/tool:2'])

  const { socket, version, snapshotter, ctr } = containerd
  assert.deepEqual(await imageTargetOf(socket, cri, ctr), { socket, version, snapshotter, ctr })

  const { images } = await cri.listImages({})
  const tags = images.flatMap(({ repoTags }) => repoTags)
  for (const tag of [pauseImageName, busybox, 'docker.io/team/tool:1', 'other.example/tool:2']) {
    assert.ok(tags.includes(tag), `${tag} in ${tags}`)
  }
  const { image } = await cri.imageStatus({ image: { image: 'team/tool:1' } })
  assert.match(image?.id ?? '', /^sha256:/)
  assert.ok((image?.size ?? 0) > 1_000_000)
  await cri.removeImage({ image: { image: image?.id ?? '' } })
  assert.equal((await cri.imageStatus({ image: { image: 'team/tool:1' } })).image, undefined)
  assert.equal((await cri.imageFsInfo({})).imageFilesystems.length, 1)

  const text = join(folder, 'note.txt')
  await writeFile(text, 'no image')
  await assert.rejects(loadImage(text, containerd, cri), /^ImageArchiveError: note\.txt: it is no tar archive/)
  const missing = { image: { image: 'localhost:1/none:1' } }
  await assert.rejects(cri.pullImage(missing, { timeout: 30_000 }), (error: unknown) => {
    assert.ok(error instanceof RuntimeError)
    assert.match(error.description, /^rpc error: code = \w+ desc = .*localhost:1/)
    return true
  })
})

test('containers outlive containerd, which is found again or replaced', { timeout: 240_000 }, async () => {
  await using own = await startTestRuntime()
  const { cri, options } = own
  const image = await loadTestImage(await testImages.busybox(), own.containerd, cri)
  const config = { ...sandboxConfig('lasting'), linux: { cgroupParent: `${own.cgroup}/lasting` } }
  const { podSandboxId } = await cri.runPodSandbox({ config })
  const { containerId } = await cri.createContainer({
    podSandboxId,
    sandboxConfig: config,
    config: {
      metadata: { name: 'main', attempt: 0 },
      image: { image },
      command: ['sleep', '1000'],
      logPath: 'main.log',
    },
  })
  await cri.startContainer({ containerId })
  const runs = async () => (await eventually(() => cri.containerStatus({ containerId }))).status?.state

  await using events = await follow(own.containerd.socket)
  const again = await startContainerd(options)
  await again.ready
  assert.equal(again.adopted, true)
  assert.equal(again.pid, own.containerd.pid)

  await kill(again.pid)
  const restarted = await startContainerd(options)
  await restarted.ready
  assert.equal(restarted.adopted, false)
  assert.equal(await runs(), ContainerState.running)
  await events.until(({ type }) => type === 'resync', 1)

  const changed = await startContainerd({ ...options, handlers: ['other'] })
  await changed.ready
  assert.equal(changed.adopted, false)
  assert.notEqual(changed.pid, restarted.pid)
  assert.equal(await runs(), ContainerState.running)
  const { podSandboxId: other } = await cri.runPodSandbox({
    config: { ...config, metadata: { name: 'other', uid: 'other', namespace: 'test', attempt: 0 } },
    runtimeHandler: 'other',
  })
  assert.equal((await cri.podSandboxStatus({ podSandboxId: other })).status?.runtimeHandler, 'other')
  await changed[Symbol.asyncDispose]()
  assert.equal(identifyProcess(changed.pid), undefined)
})

test('what is left of a dead containerd is removed by force', { timeout: 240_000 }, async () => {
  const own = await startTestRuntime()
  try {
    const { cri, options } = own
    const config = { ...sandboxConfig('orphan'), linux: { cgroupParent: `${own.cgroup}/orphan` } }
    await cri.runPodSandbox({ config })
    const sockets = (await readdir(join(options.state, 'io.containerd.runtime.v2.task', 'k8s.io'))).length
    assert.equal(sockets, 1)
    const { items } = await cri.listPodSandbox({})
    const { info } = await cri.podSandboxStatus({ podSandboxId: items[0]?.id ?? '', verbose: true })
    const pause = identifyProcess(JSON.parse(info['info'] ?? '{}').pid)
    assert.ok(pause)
    const [shim] = await findProcesses(argv => argv.includes(own.containerd.socket))
    const shimSocket = await listeningSocket(shim?.pid)
    await kill(own.containerd.pid)
    await deleteContainerd({ ...options, binary: '/none/containerd' })
    assert.equal(isRunning(pause), false)
    assert.ok(shimSocket)
    await assert.rejects(access(shimSocket), { code: 'ENOENT' })
    await assert.rejects(access(options.root), { code: 'ENOENT' })
  } finally {
    await own[Symbol.asyncDispose]()
  }
  await assertNoTraces(own.folder, own.bridge, own.cgroup)
})

test('containerd and shims can be put into cgroups', { timeout: 240_000 }, async () => {
  const folder = testFolder()
  const above = testCgroup(folder)
  const cgroups = { daemon: `${above}/containerd`, shims: `${above}/shims` }
  const own = await startTestRuntime({ cgroups })
  try {
    await own.cri.runPodSandbox({ config: { ...sandboxConfig('grouped'), linux: { cgroupParent: own.cgroup } } })
    const [shim] = await findProcesses(argv => argv.includes(own.containerd.socket))
    const cgroupOf = (pid: number | undefined) => readFile(`/proc/${pid}/cgroup`, 'utf8')
    assert.match(await cgroupOf(own.containerd.pid), new RegExp(`:${cgroups.daemon}$`, 'm'))
    assert.match(await cgroupOf(shim?.pid), new RegExp(`:${cgroups.shims}$`, 'm'))
  } finally {
    await own[Symbol.asyncDispose]()
    await removeCgroup(above)
    await rm(folder, { recursive: true })
  }
  await assertNoTraces(own.folder, own.bridge, above)
})

test('says why containerd does not start', { timeout: 240_000 }, async () => {
  const { options } = runtime
  const elsewhere = { ...options, root: join(runtime.folder, 'r2'), state: join(runtime.folder, 's2') }
  await assert.rejects(startContainerd({ ...elsewhere, binary: 'no-such-containerd' }), /is not installed/)
  await assert.rejects(startContainerd({ ...elsewhere, socket: runtime.containerd.socket }), /not ours/)
  await writeFile(join(runtime.folder, 'file'), '')
  const broken = await startContainerd({
    ...elsewhere,
    socket: join(runtime.folder, 's2', 'containerd.toml', 'x'),
  }).catch((error: unknown) => error)
  assert.ok(broken instanceof Error, 'a socket below a file')
})
