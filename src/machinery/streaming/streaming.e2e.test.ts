import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { get } from 'node:http'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { after, before, type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import * as zlib from 'node:zlib'
import type { KubeConfig, V1Status } from '@kubernetes/client-node'
import { loadTestImage, testImages } from '../../kubelet/runtime/test-images.js'
import { startTestRuntime, type TestRuntime } from '../../kubelet/runtime/test-runtime.js'
import { type StreamingRuntime, startTestCluster, type TestCluster } from './test-cluster.js'
import { type CommandResult, kubectlEnvironment, type RunOptions, run, start, unpackKubectl } from './test-kubectl.js'

const megabyte = 1024 * 1024
// Megabytes through kubectl, containerd and shims take most of a minute where four share a processor with many others.
const limit = { timeout: 240_000 }

// One for each test of attach: it answers every line and ends at the line `bye`, but not at once, because what a container
// writes in its last moment may not make it through containerd to an attached client.
const reader = ['sh', '-c', 'while read line; do echo "got $line"; [ "$line" = bye ] && sleep 1 && exit 3; done']
const containers = {
  web: ['sh', '-c', 'mkdir /www && exec httpd -f -p 8080 -h /www'],
  'reader-WebSocket': reader,
  'reader-SPDY': reader,
} as const

let runtime: TestRuntime
let cluster: TestCluster
let kubectls: readonly (readonly string[])[]

before(async () => {
  runtime = await startTestRuntime()
  cluster = await startTestCluster(Object.keys(containers), await runPod(runtime))
  // The one among the development dependencies, and one of another release if the machine has it.
  const ca = join(runtime.folder, 'ca.crt')
  await writeFile(ca, cluster.ca)
  const server = ['--server', cluster.url, '--certificate-authority', ca, '--token', 'test']
  const own = [await unpackKubectl(runtime.folder), ...server]
  const other = await run(['kubectl', 'version', '--client']).catch(() => undefined)
  kubectls = other?.code === 0 ? [own, ['kubectl', ...server]] : [own]
})
after(async () => {
  await cluster?.[Symbol.asyncDispose]()
  await runtime?.[Symbol.asyncDispose]()
})

async function runPod({ cri, containerd, folder, cgroup }: TestRuntime): Promise<StreamingRuntime> {
  const image = await loadTestImage(await testImages.busybox(), containerd, cri)
  const sandboxConfig = {
    metadata: { name: 'box', uid: 'box', namespace: 'default', attempt: 0 },
    hostname: 'box',
    logDirectory: join(folder, 'logs'),
    linux: { cgroupParent: `${cgroup}/box` },
  }
  const { podSandboxId } = await cri.runPodSandbox({ config: sandboxConfig })
  const ids = new Map<string, string>()
  for (const [name, command] of Object.entries(containers)) {
    const metadata = { name, attempt: 0 }
    const config = { metadata, image: { image }, command, logPath: `${name}.log`, stdin: command === reader }
    const { containerId } = await cri.createContainer({ podSandboxId, config, sandboxConfig })
    await cri.startContainer({ containerId })
    ids.set(name, containerId)
  }
  const containerId = (name: string) => ids.get(name) ?? ''
  return {
    exec: async (name, cmd, streams) => (await cri.exec({ containerId: containerId(name), cmd, ...streams })).url,
    attach: async (name, streams) => (await cri.attach({ containerId: containerId(name), ...streams })).url,
    portForward: async () => (await cri.portForward({ podSandboxId, port: [] })).url,
  }
}

const transports = [
  { name: 'WebSocket', env: { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'true', KUBECTL_PORT_FORWARD_WEBSOCKETS: 'true' } },
  { name: 'SPDY', env: { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false', KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false' } },
] as const

const sha256 = (data: Buffer): string => createHash('sha256').update(data).digest('hex')

/** Waits for a condition, much longer than the half a minute that a connection may linger whose client has left. */
async function until(condition: () => boolean): Promise<void> {
  for (const end = Date.now() + 120_000; !condition(); ) {
    assert.ok(Date.now() < end, 'it did not come true')
    await pause(20)
  }
}

for (const { name, env } of transports) {
  const environment = () => ({ ...kubectlEnvironment(runtime.folder), ...env })
  type Kubectl = (args: readonly string[], input?: Buffer) => Promise<CommandResult>
  /** Lets every kubectl act in turn, as long as the test may take. */
  const each =
    (act: (kubectl: Kubectl) => Promise<void>) =>
    async ({ signal }: TestContext): Promise<void> => {
      for (const command of kubectls) {
        const options = { env: environment(), signal }
        await act((args, input) => run([...command, ...args], { ...options, ...(input ? { input } : {}) }))
      }
    }

  test(
    `exec over ${name}: output, errors and exit code`,
    limit,
    each(async kubectl => {
      const { code, stdout, stderr } = await kubectl([
        'exec',
        'box',
        '--',
        'sh',
        '-c',
        'echo out; echo err >&2; exit 7',
      ])
      assert.deepEqual([code, stdout.toString()], [7, 'out\n'])
      assert.match(stderr, /^err$/m)
      assert.match(stderr, /command terminated with exit code 7/)
    }),
  )

  test(
    `exec over ${name}: stdin to its end`,
    limit,
    each(async kubectl => {
      const input = randomBytes(8 * megabyte)
      const { code, stdout } = await kubectl(['exec', '-i', 'box', '--', 'sha256sum'], input)
      assert.deepEqual([code, stdout.toString().split(' ')[0]], [0, sha256(input)])
    }),
  )

  test(
    `exec over ${name}: what cannot be run is said to be so`,
    limit,
    each(async kubectl => {
      const missing = await kubectl(['exec', 'box', '--', 'no-such-program'])
      assert.equal(missing.code, 1)
      assert.match(missing.stderr, /"no-such-program": executable file not found/)
      const container = await kubectl(['exec', 'box', '-c', 'nowhere', '--', 'true'])
      assert.equal(container.code, 1)
      assert.match(container.stderr, /container not found \("nowhere"\)/)
    }),
  )

  test(`exec over ${name}: a slow reader misses nothing`, limit, async ({ signal }) => {
    for (const kubectl of kubectls) {
      const command = ['exec', 'box', '--', 'sh', '-c', 'head -c 30000000 /dev/zero; exit 5']
      const child = start([...kubectl, ...command], { env: environment(), signal })
      const exit = once(child, 'exit')
      // Long enough for the command to end and the buffers on the way to fill.
      await pause(1_000)
      const stdout = await buffer(child.stdout)
      assert.deepEqual([stdout.length, (await exit)[0]], [30_000_000, 5])
    }
  })

  test(`exec over ${name}: a terminal has the client's size`, limit, async ({ signal }) => {
    for (const kubectl of kubectls) {
      const wait = 'until [ "$(stty size)" = "40 100" ]; do usleep 20000; done; tty; exit 6'
      const command = [...kubectl, 'exec', '-it', 'box', '--', 'sh', '-c', wait].map(arg => `'${arg}'`).join(' ')
      const script = ['script', '-qfec', `stty cols 100 rows 40; ${command}`, '/dev/null']
      const { code, stdout } = await run(script, { env: environment(), signal })
      assert.match(stdout.toString(), /\/dev\/pts\/\d/)
      assert.equal(code, 6)
    }
  })

  test(
    `cp over ${name}: 50 MB there and back`,
    limit,
    each(async kubectl => {
      const [there, back] = ['there', 'back'].map(file => join(runtime.folder, file)) as [string, string]
      const content = randomBytes(50 * megabyte)
      await writeFile(there, content)
      const up = await kubectl(['cp', there, 'box:/tmp/copy'])
      assert.equal(up.code, 0, up.stderr)
      const down = await kubectl(['cp', 'box:/tmp/copy', back])
      assert.equal(down.code, 0, down.stderr)
      assert.equal(sha256(await readFile(back)), sha256(content))
      await rm(back)
    }),
  )

  test(`attach over ${name}`, limit, async ({ signal }) => {
    const [kubectl = []] = kubectls
    const child = start([...kubectl, 'attach', '-i', 'box', '-c', `reader-${name}`], { env: environment(), signal })
    const exit = once(child, 'exit')
    child.stdin.write('one\ntwo\n')
    // containerd detaches a client whose input ends.
    let output = ''
    for await (const chunk of child.stdout) {
      if ((output += chunk).endsWith('two\n')) child.stdin.write('bye\n')
    }
    assert.equal(output, 'got one\ngot two\ngot bye\n')
    assert.deepEqual((await exit)[0], 0)
  })

  test(`port-forward over ${name}: connections side by side`, limit, async ({ signal }) => {
    const content = randomBytes(8 * megabyte)
    // containerd takes the end of stdout for the end of stdin; `true` keeps the shell, and so stdout, until all is read.
    const write = await run([...(kubectls[0] ?? []), 'exec', '-i', 'box', '--', 'sh', '-c', 'cat > /www/file; true'], {
      input: content,
      env: environment(),
      signal,
    })
    assert.equal(write.code, 0, write.stderr)
    for (const kubectl of kubectls) {
      const forward = await startPortForward(kubectl, ['8080', '9'], { env: environment(), signal })
      try {
        const download = async () => {
          const [response] = await once(get(`http://127.0.0.1:${forward.ports[0]}/file`, { agent: false }), 'response')
          return sha256(await buffer(response))
        }
        const downloads = await Promise.all(Array.from({ length: 8 }, download))
        assert.deepEqual(downloads, Array(8).fill(sha256(content)))
        assert.equal(await download(), sha256(content))
        // Nothing listens there.
        await assert.rejects(once(get(`http://127.0.0.1:${forward.ports[1]}/`, { agent: false }), 'response'))
        await until(() => /connection refused/.test(forward.messages()))
      } finally {
        await forward.stop()
      }
    }
  })

  test(`over ${name} nothing is left of a client that was killed`, limit, async ({ signal }) => {
    for (const kubectl of kubectls) {
      await until(() => cluster.openSessions() === 0)
      const command = ['exec', '-i', 'box', '--', 'sh', '-c', 'echo started; cat']
      const child = start([...kubectl, ...command], { env: environment(), signal })
      await once(child.stdout, 'data')
      assert.ok(cluster.openSessions() > 0)
      child.kill('SIGKILL')
      await until(() => cluster.openSessions() === 0)
    }
  })
}

interface RunningForward {
  readonly ports: readonly string[]
  /** What kubectl has written to stderr. */
  messages(): string
  stop(): Promise<void>
}

async function startPortForward(
  kubectl: readonly string[],
  ports: readonly string[],
  options: RunOptions,
): Promise<RunningForward> {
  const remote = ports.map(port => `:${port}`)
  const child = start([...kubectl, 'port-forward', 'pod/box', ...remote], options)
  let [output, errors] = ['', '']
  child.stdout.on('data', chunk => (output += chunk))
  child.stderr.on('data', chunk => (errors += chunk))
  const local = () => ports.map(port => new RegExp(`127.0.0.1:(\\d+) -> ${port}\\n`).exec(output)?.[1] ?? '')
  await until(() => local().every(Boolean) || child.exitCode !== null)
  assert.equal(child.exitCode, null, errors)
  return {
    ports: local(),
    messages: () => errors,
    async stop() {
      if (child.exitCode !== null) return
      child.kill('SIGINT')
      await once(child, 'exit')
    },
  }
}

// It needs a newer Node.js than we do.
const clientNode = 'createZstdDecompress' in zlib ? await import('@kubernetes/client-node') : undefined
const skip = clientNode ? false : 'client-node does not load on this Node.js'

const clientConfig = ({ KubeConfig }: NonNullable<typeof clientNode>): KubeConfig => {
  const config = new KubeConfig()
  const caData = Buffer.from(cluster.ca).toString('base64')
  config.loadFromClusterAndUser({ name: 'test', server: cluster.url, caData, skipTLSVerify: false }, { name: 'test' })
  return config
}

test('client-node executes commands', { ...limit, skip }, async () => {
  assert.ok(clientNode)
  const client = new clientNode.Exec(clientConfig(clientNode))
  const [stdin, stdout] = [new PassThrough(), new PassThrough()]
  const status = new Promise<V1Status>((resolve, reject) => {
    const command = ['sh', '-c', 'cat; exit 4']
    client.exec('default', 'box', 'web', command, stdout, null, stdin, false, resolve).catch(reject)
  })
  let output = ''
  stdout.on('data', chunk => (output += chunk))
  stdin.end('in and out')
  const { status: outcome, reason, details } = await status
  assert.deepEqual([outcome, reason, details?.causes?.[0]?.message], ['Failure', 'NonZeroExitCode', '4'])
  assert.equal(output, 'in and out')
})

test('client-node forwards a port', { ...limit, skip }, async () => {
  assert.ok(clientNode)
  const client = new clientNode.PortForward(clientConfig(clientNode))
  const [input, output] = [new PassThrough(), new PassThrough()]
  const socket = await client.portForward('default', 'box', [8080], output, null, input)
  input.write('GET /absent HTTP/1.0\r\n\r\n')
  let answer = ''
  output.on('data', chunk => (answer += chunk))
  await once(socket as unknown as NodeJS.EventEmitter, 'close')
  assert.match(answer, /^HTTP\/1\.\d 404/)
})
