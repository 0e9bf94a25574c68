import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm, writeFile } from 'node:fs/promises'
import { type RequestOptions, request } from 'node:https'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { issueClientCertificate } from '../cluster/pki.js'
import { kubectlEnvironment, run, unpackKubectl } from '../machinery/streaming/test-kubectl.js'
import { testFolder } from '../machinery/test-folder.js'
import { eventually, TestNode } from './test-node.js'

const forever = 'trap "exit 0" TERM; echo first; sleep 0.2; echo oops >&2; while true; do sleep 0.1; done'

describe("a node's server", { timeout: 240_000 }, () => {
  let node: TestNode
  let folder = ''
  let kubectl = ''
  before(async () => {
    node = await TestNode.start('busybox', 'nodeWeb')
    folder = testFolder()
    kubectl = await unpackKubectl(folder)
    await writeFile(join(folder, 'config'), node.controlPlane.kubeconfig)
    await node.run('box', {
      containers: [
        { name: 'box', image: 'busybox:test', command: ['sh', '-c', forever] },
        { name: 'web', image: 'node-web:test' },
        { name: 'cat', image: 'busybox:test', command: ['cat'], stdin: true },
      ],
    })
    await node.ready('box')
  })
  after(async () => {
    await node[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  })

  const ask = (
    path: string,
    options: RequestOptions = {},
  ): Promise<{ readonly status: number; readonly text: string }> =>
    new Promise((resolve, reject) => {
      const { ca } = node.controlPlane.pki
      const target = { host: '127.0.0.1', port: node.kubelet?.port, path, ca: ca.certificate, agent: false as const }
      const sent = request({ ...target, ...options }, response => {
        let text = ''
        response.on('data', chunk => {
          text += chunk
        })
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
      })
      sent.on('error', reject)
      sent.end()
    })
  const asServer = () => {
    const { certificate, key } = node.controlPlane.pki.apiserverKubeletClient
    return { cert: certificate, key }
  }
  const withKubectl = (...args: string[]) =>
    run([kubectl, '--kubeconfig', join(folder, 'config'), ...args], { env: kubectlEnvironment(folder) })
  const say = async (...args: string[]) => {
    const { code, stdout, stderr } = await withKubectl(...args)
    assert.equal(code, 0, stderr)
    return stdout.toString()
  }

  it('lets in whom it should', async () => {
    assert.deepEqual(await ask('/healthz'), { status: 200, text: 'ok' })
    assert.equal((await ask('/pods')).status, 401)
    assert.equal((await ask('/nonsense', asServer())).status, 404)
    assert.equal((await ask('/pods', { ...asServer(), method: 'DELETE' })).status, 405)
    const stranger = await issueClientCertificate(node.controlPlane.pki.ca, { commonName: 'stranger' })
    const refused = await ask('/pods', { cert: stranger.certificate, key: stranger.key })
    // 500 if the API server does not review access.
    assert.ok(refused.status === 403 || refused.status === 500, refused.text)
    node.faults.length = 0
  })

  it('shows pods and figures', async () => {
    const { items } = JSON.parse((await ask('/pods', asServer())).text)
    assert.deepEqual([items.length, items[0].metadata.name, items[0].status.phase], [1, 'box', 'Running'])
    const summary = JSON.parse((await ask('/stats/summary', asServer())).text)
    assert.equal(summary.pods[0].podRef.name, 'box')
    assert.ok(summary.node.memory.workingSetBytes > 0)
    assert.match(summary.pods[0].volume[0].name, /^kube-api-access-/)
    const own = summary.node.systemContainers.map(({ name }: { name: string }) => name)
    assert.deepEqual(own, ['kubelet', 'pods'])
    const brief = JSON.parse((await ask('/stats/summary?only_cpu_and_memory=true', asServer())).text)
    assert.deepEqual([brief.node.fs, brief.pods[0].podRef.name], [undefined, 'box'])
    assert.ok(summary.node.rlimit.maxpid > summary.node.rlimit.curproc)
    assert.equal(summary.pods[0].network.name, 'eth0')
    assert.ok(summary.pods[0].process_stats.process_count >= 3)
    assert.ok(summary.pods[0]['ephemeral-storage'].usedBytes > 0)
    const web = summary.pods[0].containers.find(({ name }: { name: string }) => name === 'web')
    assert.ok(web.memory.workingSetBytes > 1_000_000 && web.cpu.usageCoreNanoSeconds > 1_000_000)
    const resources = (await ask('/metrics/resource', asServer())).text
    assert.match(
      resources,
      /^container_memory_working_set_bytes\{container="web",namespace="default",pod="box"\} \d+ \d+$/m,
    )
    assert.match(resources, /^pod_cpu_usage_seconds_total\{namespace="default",pod="box"\} [\d.]+ \d+$/m)
    assert.match((await ask('/metrics', asServer())).text, /^kubelet_running_pods 1$/m)
    assert.match(
      (await ask('/metrics/cadvisor', asServer())).text,
      /^container_memory_working_set_bytes\{container="web",id="[^"]+",image="[^"]+",name="[0-9a-f]+",namespace="default",pod="box"\} \d+ \d+$/m,
    )
    assert.match(
      (await ask('/metrics/cadvisor', asServer())).text,
      /^container_network_transmit_bytes_total\{container="",id="[^"]+",image="",interface="eth0",name="",namespace="default",pod="box"\} \d+ \d+$/m,
    )
    assert.equal((await ask('/metrics/probes', asServer())).status, 200)
    const { kubeletconfig } = JSON.parse((await ask('/configz', asServer())).text)
    assert.deepEqual([kubeletconfig.maxPods, kubeletconfig.clusterDNS], [110, ['10.96.0.10']])
    assert.equal(kubeletconfig.evictionHard['nodefs.available'], '0%')
  })

  it('serves logs', async () => {
    await eventually(async () => (await say('logs', 'box', '-c', 'box')) === 'first\noops\n', 'no log')
    assert.equal(await say('logs', 'box', '-c', 'box', '--tail=1'), 'oops\n')
    assert.match(await say('logs', 'box', '-c', 'box', '--timestamps', '--limit-bytes=20'), /^\d{4}-\d\d-\d\dT/)
    const none = await ask('/containerLogs/default/box/box?previous=true', asServer())
    assert.deepEqual(none, { status: 400, text: 'previous terminated container "box" in pod "box" not found' })
    assert.equal((await ask('/containerLogs/default/no/box', asServer())).status, 404)
    assert.equal((await ask('/containerLogs/default/box/no', asServer())).status, 404)
  })

  it('follows logs to their end', async () => {
    const script = 'for i in 1 2 3 4 5; do echo line $i; sleep 0.1; done'
    await node.run('talks', {
      restartPolicy: 'Never',
      containers: [{ name: 'c', image: 'busybox:test', command: ['sh', '-c', script] }],
    })
    await node.until('talks', ({ status }) => status.containerStatuses?.[0]?.containerID !== undefined)
    assert.equal(await say('logs', '-f', 'talks'), 'line 1\nline 2\nline 3\nline 4\nline 5\n')
    await node.remove('talks')
  })

  it('runs commands', async () => {
    assert.equal(await say('exec', 'box', '-c', 'box', '--', 'sh', '-c', 'echo out'), 'out\n')
    const failed = await withKubectl('exec', 'box', '-c', 'box', '--', 'sh', '-c', 'exit 7')
    assert.equal(failed.code, 7)
    const input = { input: Buffer.from('through and through'), env: kubectlEnvironment(folder) }
    const config = ['--kubeconfig', join(folder, 'config')]
    const piped = await run([kubectl, ...config, 'exec', '-i', 'box', '-c', 'box', '--', 'cat'], input)
    assert.equal(piped.stdout.toString(), 'through and through')
    const ran = await ask('/run/default/box/box?cmd=echo+hi', { ...asServer(), method: 'POST' })
    assert.deepEqual(ran, { status: 200, text: 'hi\n' })
  })

  it('attaches', async () => {
    const child = spawn(kubectl, ['--kubeconfig', join(folder, 'config'), 'attach', '-i', 'box', '-c', 'cat'], {
      env: { ...process.env, ...kubectlEnvironment(folder) },
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    let said = ''
    child.stdout.on('data', chunk => {
      said += chunk
    })
    child.stdin.write('echo?\n')
    await eventually(() => said.includes('echo?'), 'no answer')
    child.kill()
    await once(child, 'exit')
  })

  it('forwards ports', async () => {
    const child = spawn(kubectl, ['--kubeconfig', join(folder, 'config'), 'port-forward', 'pod/box', ':8080'], {
      env: { ...process.env, ...kubectlEnvironment(folder) },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    try {
      const [line] = (await once(child.stdout, 'data')) as [Buffer]
      const port = /127\.0\.0\.1:(\d+)/.exec(line.toString())?.[1]
      const answer = await fetch(`http://127.0.0.1:${port}/`)
      assert.equal(await answer.text(), 'box\n')
    } finally {
      child.kill()
      await once(child, 'exit')
    }
  })

  it('has met no faults', () => assert.deepEqual(node.faults, []))
})
