import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { endChild, eventually, TestCluster } from './test-cluster.js'

const exec = promisify(execFile)

interface PodJson {
  readonly metadata: { readonly name: string; readonly uid: string }
  readonly spec: { readonly nodeName: string }
  readonly status: {
    readonly podIP: string
    readonly phase: string
    readonly containerStatuses: readonly {
      readonly restartCount: number
      readonly containerID: string
      readonly ready: boolean
    }[]
  }
}
interface ListJson<T> {
  readonly items: readonly T[]
}

/** A GET without keep-alive; the body, or the error. */
const get = (url: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const sent = request(url, { agent: false, timeout: 5000 }, response => {
      let body = ''
      response.on('data', chunk => {
        body += chunk
      })
      response.on('end', () =>
        response.statusCode === 200 ? resolve(body) : reject(new Error(`${response.statusCode}`)),
      )
    })
    sent.on('error', reject)
    sent.on('timeout', () => sent.destroy(new Error('no answer in time')))
    sent.end()
  })

describe('a cluster from one command', { timeout: 540_000 }, () => {
  let cluster: TestCluster
  before(async () => {
    cluster = await TestCluster.prepare()
    await cluster.up()
    await cluster.loadImage('nodeWeb', 'web:1')
    await cluster.loadImage('busybox', 'busybox:1')
  })
  after(async () => {
    await cluster[Symbol.asyncDispose]()
  })

  const pods = async (selector: string): Promise<readonly PodJson[]> =>
    (await cluster.json<ListJson<PodJson>>('get', 'pods', '-l', selector)).items

  it('has a ready node', async () => {
    assert.match(await cluster.kubectl('get', 'nodes', '-o', 'wide'), / Ready .*containerd:\/\//)
    assert.match(await cluster.t8s('status'), /API server +ok/)
  })

  it('is harmless to bring up twice', async () => {
    assert.match(await cluster.up(), /up already/)
  })

  it('lets nobody do more than roles say', async () => {
    const may = async (...args: string[]) => {
      const { code, stdout } = await cluster.tryKubectl(['auth', 'can-i', ...args])
      return code === 0 && stdout.toString().startsWith('yes')
    }
    const { items } = await cluster.json<ListJson<PodJson>>('get', 'nodes')
    const node = ['--as', `system:node:${items[0]?.metadata.name}`, '--as-group', 'system:nodes']
    const account = ['--as', 'system:serviceaccount:default:default']
    assert.deepEqual(
      [
        await may('list', 'secrets'),
        await may('list', 'pods', ...account),
        await may('list', 'secrets', '-A', ...node),
        await may('update', 'nodes', '--subresource=status', ...node),
        await may('create', 'services', '--as', 'system:kube-proxy'),
        await may('create', 'pods', '--subresource=binding', '--as', 'system:kube-scheduler'),
      ],
      [true, false, false, true, false, true],
    )
    const kubelet = await exec('curl', ['-sk', '-o', '/dev/null', '-w', '%{http_code}', `${cluster.kubeletUrl}/pods`])
    assert.equal(kubelet.stdout, '401')
  })

  it('runs a deployment', async () => {
    await cluster.kubectl('create', 'deployment', 'web', '--image=web:1', '--replicas=3')
    await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=180s')
    assert.equal((await pods('app=web')).length, 3)
  })

  it('serves it by name, spread over the pods', async () => {
    await cluster.kubectl('expose', 'deployment', 'web', '--port=80', '--target-port=8080')
    const script = 'for i in $(seq 60); do wget -qO- http://web || exit 1; echo; done'
    // Whoever attaches to what ends so soon may come too late.
    await cluster.kubectl('run', 'probe', '--restart=Never', '--image=busybox:1', '--', 'sh', '-c', script)
    await cluster.kubectl('wait', '--for=jsonpath={.status.phase}=Succeeded', 'pod/probe', '--timeout=180s')
    // Containerd says that it has ended before it has written all of its output.
    const answers = await eventually('all answers are in the log', async () => {
      const found = (await cluster.kubectl('logs', 'probe')).split('\n').filter(line => line.startsWith('web-'))
      return found.length === 60 && found
    })
    await cluster.kubectl('delete', 'pod', 'probe', '--now')
    assert.equal(new Set(answers).size, 3, answers.join('\n'))
  })

  it('answers DNS of every kind inside pods', async () => {
    const script = 'nslookup kubernetes.default.svc.cluster.local && cat /etc/resolv.conf && hostname'
    const said = await cluster.kubectl(
      ...[
        'run',
        'dns',
        '--rm',
        '--attach',
        '--restart=Never',
        '--image=busybox:1',
        '--quiet',
        '--',
        'sh',
        '-c',
        script,
      ],
    )
    assert.match(said, /search default\.svc\.cluster\.local svc\.cluster\.local cluster\.local/)
  })

  it('serves it on a port of the node', async () => {
    await cluster.kubectl(
      'expose',
      'deployment',
      'web',
      '--name=web-node',
      '--type=NodePort',
      '--port=80',
      '--target-port=8080',
    )
    const { spec } = await cluster.json<{ spec: { ports: readonly { nodePort: number }[] } }>(
      'get',
      'service',
      'web-node',
    )
    const node = await cluster.json<ListJson<{ status: { addresses: readonly { address: string }[] } }>>('get', 'nodes')
    const url = `http://${node.items[0]?.status.addresses[0]?.address}:${spec.ports[0]?.nodePort}`
    await eventually('the node port answers', async () => /^web-/.test(await get(url)))
  })

  for (const [way, env] of [
    ['WebSocket', {}],
    ['SPDY', { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false', KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false' }],
  ] as const)
    describe(`over ${way}`, () => {
      it('executes commands, with input and exit codes', async () => {
        const [pod] = await pods('app=web')
        const name = pod?.metadata.name ?? ''
        const { code, stdout } = await cluster.tryKubectl(
          [
            'exec',
            '-i',
            name,
            '--',
            '/usr/bin/node',
            '-e',
            'process.stdin.pipe(process.stdout).on("unpipe",()=>process.exit(7))',
          ],
          { input: 'hello', env },
        )
        assert.equal(stdout, 'hello')
        assert.equal(code, 7)
      })

      it('forwards ports', async () => {
        const [pod] = await pods('app=web')
        const child = cluster.startKubectl('port-forward', `pod/${pod?.metadata.name}`, ':8080')
        try {
          let said = ''
          child.stdout?.on('data', chunk => {
            said += chunk
          })
          const port = await eventually('the port is forwarded', () => /127\.0\.0\.1:(\d+)/.exec(said)?.[1])
          const answers = await Promise.all(Array.from({ length: 5 }, () => get(`http://127.0.0.1:${port}/`)))
          for (const answer of answers) assert.ok(answer.includes(pod?.metadata.name ?? '-'))
        } finally {
          await endChild(child)
        }
      })
    })

  it('copies files both ways', async () => {
    await cluster.kubectl('run', 'files', '--image=busybox:1', '--command', '--', 'sleep', '3600')
    await cluster.kubectl('wait', '--for=condition=Ready', 'pod/files', '--timeout=180s')
    const there = join(cluster.folder, 'there')
    const back = join(cluster.folder, 'back')
    const content = randomBytes(3 * 1024 * 1024)
    await writeFile(there, content)
    await cluster.kubectl('cp', there, 'files:/tmp/copy')
    await cluster.kubectl('cp', 'files:/tmp/copy', back)
    assert.ok(content.equals(await readFile(back)))
  })

  it('shows logs, and follows them', async () => {
    const script = 'i=0; while true; do echo line $i; i=$((i+1)); sleep 0.1; done'
    await cluster.kubectl('run', 'talker', '--image=busybox:1', '--command', '--', 'sh', '-c', script)
    await cluster.kubectl('wait', '--for=condition=Ready', 'pod/talker', '--timeout=180s')
    const child = cluster.startKubectl('logs', '-f', 'talker')
    try {
      let said = ''
      child.stdout?.on('data', chunk => {
        said += chunk
      })
      await eventually('twenty lines were followed', () => said.includes('line 20\n'))
      assert.ok(said.startsWith('line 0\nline 1\n'))
    } finally {
      await endChild(child)
    }
    assert.match(await cluster.kubectl('logs', 'talker', '--tail=1'), /^line \d+\n$/)
    await cluster.kubectl('delete', 'pod', 'talker', '--grace-period=1')
  })

  it('restarts a container that exits, with back-off', async () => {
    await cluster.kubectl('run', 'crasher', '--image=busybox:1', '--command', '--', 'sh', '-c', 'exit 3')
    await eventually('it backs off', async () => {
      const pod = await cluster.json<PodJson>('get', 'pod', 'crasher')
      return (
        (pod.status.containerStatuses[0]?.restartCount ?? 0) >= 1 &&
        (await cluster.kubectl('get', 'pod', 'crasher')).includes('CrashLoopBackOff')
      )
    })
    await cluster.kubectl('delete', 'pod', 'crasher')
  })

  it('replaces a pod that is deleted', async () => {
    const [first] = await pods('app=web')
    await cluster.kubectl('delete', 'pod', first?.metadata.name ?? '')
    await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=180s')
    const now = await pods('app=web')
    assert.equal(now.filter(({ status }) => status.phase === 'Running').length, 3)
    assert.ok(!now.some(({ metadata }) => metadata.uid === first?.metadata.uid))
  })

  it('mounts configuration, secrets and tokens', async () => {
    await cluster.kubectl('create', 'configmap', 'settings', '--from-literal=color=blue')
    await cluster.kubectl('create', 'secret', 'generic', 'password', '--from-literal=word=hush')
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'mounts' },
      spec: {
        restartPolicy: 'Never',
        containers: [
          {
            name: 'c',
            image: 'busybox:1',
            command: [
              'sh',
              '-c',
              'cat /cfg/color; echo; cat /sec/word; echo; echo $COLOR; wc -c < /var/run/secrets/kubernetes.io/serviceaccount/token',
            ],
            env: [{ name: 'COLOR', valueFrom: { configMapKeyRef: { name: 'settings', key: 'color' } } }],
            volumeMounts: [
              { name: 'cfg', mountPath: '/cfg' },
              { name: 'sec', mountPath: '/sec' },
              { name: 'scratch', mountPath: '/scratch' },
            ],
          },
        ],
        volumes: [
          { name: 'cfg', configMap: { name: 'settings' } },
          { name: 'sec', secret: { secretName: 'password' } },
          { name: 'scratch', emptyDir: {} },
        ],
      },
    }
    const { code, stderr } = await cluster.tryKubectl(['apply', '-f', '-'], {
      input: JSON.stringify(pod),
    })
    assert.equal(code, 0, stderr)
    await cluster.kubectl('wait', '--for=jsonpath={.status.phase}=Succeeded', 'pod/mounts', '--timeout=180s')
    await eventually('its log is whole', async () =>
      /^blue\nhush\nblue\n\d{3,}\n$/.test(await cluster.kubectl('logs', 'mounts')),
    )
  })

  it('updates without a refused request, and back', async () => {
    await cluster.kubectl(
      ...['patch', 'deployment', 'web', '--patch'],
      JSON.stringify({
        spec: {
          strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
          template: {
            spec: {
              containers: [
                {
                  name: 'web',
                  readinessProbe: { httpGet: { port: 8080, path: '/' }, periodSeconds: 1 },
                  lifecycle: { preStop: { sleep: { seconds: 2 } } },
                },
              ],
            },
          },
        },
      }),
    )
    await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=180s')
    // Pods of the old kind end at once, without waiting until nobody asks them any more.
    await eventually('they are gone', async () => (await pods('app=web')).length === 3)
    const { spec } = await cluster.json<{ spec: { clusterIP: string } }>('get', 'service', 'web')
    let stop = false
    let asked = 0
    const refused: unknown[] = []
    const ask = async () => {
      while (!stop) {
        asked++
        await get(`http://${spec.clusterIP}/`).catch(error => refused.push(error))
      }
    }
    const load = Promise.all([ask(), ask(), ask()])
    await cluster.loadImage('nodeWeb', 'web:2')
    await cluster.kubectl('set', 'image', 'deployment/web', 'web=web:2')
    await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=180s')
    await cluster.kubectl('rollout', 'undo', 'deployment/web')
    await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=180s')
    stop = true
    await load
    assert.ok(asked > 50, `${asked} requests were made`)
    assert.deepEqual(refused, [])
  })

  it('survives kill -9 of each of its processes', async () => {
    const before = await eventually('only the new pods are left', async () => {
      const all = await pods('app=web')
      return all.length === 3 && all
    })
    const containers = before.map(({ status }) => status.containerStatuses[0]?.containerID).sort()
    const status = await cluster.t8s('status')
    for (const component of ['control-plane', 'node', 'supervisor']) {
      const pid = Number(
        new RegExp(`${component} +running, pid (\\d+)`).exec(await cluster.t8s('status').catch(() => status))?.[1],
      )
      assert.ok(pid > 0, component)
      process.kill(pid, 'SIGKILL')
      if (component === 'supervisor') await cluster.up()
      await cluster.kubectl('create', 'configmap', `after-${component}`, '--from-literal=a=b').catch(() => undefined)
      await eventually(
        `all is well after ${component} was killed`,
        async () => (await cluster.tryT8s('status')).code === 0,
      )
      await eventually('the API answers', () => cluster.kubectl('get', 'deployment', 'web'))
    }
    const later = await eventually('all pods are ready', async () => {
      const all = await pods('app=web')
      return all.every(({ status }) => status.containerStatuses.every(({ ready }) => ready)) && all
    })
    assert.deepEqual(later.map(({ status }) => status.containerStatuses[0]?.containerID).sort(), containers)
  })

  it('keeps everything over down and up', async () => {
    await cluster.kubectl('create', 'configmap', 'kept', '--from-literal=a=b')
    await cluster.t8s('down')
    assert.equal((await cluster.tryT8s('status')).code, 3)
    await cluster.up()
    assert.equal(await cluster.kubectl('get', 'configmap', 'kept', '-o', 'jsonpath={.data.a}'), 'b')
    await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=180s')
    await eventually('the pods run again', async () =>
      (await pods('app=web')).every(({ status }) => status.containerStatuses.every(({ ready }) => ready)),
    )
  })

  it('leaves nothing of a deployment that is deleted', async () => {
    await cluster.kubectl('delete', 'deployment', 'web', '--timeout=180s')
    await cluster.kubectl('delete', 'pod', '--all', '--grace-period=1', '--timeout=180s')
    await eventually(
      'no pod is left',
      async () => (await cluster.json<ListJson<PodJson>>('get', 'pods')).items.length === 0,
    )
    await eventually('no container is left', async () => {
      const { stdout } = await exec('ps', ['-eo', 'args'])
      return !stdout.split('\n').some(line => line.includes('containerd-shim') && line.includes(cluster.folder))
    })
  })

  it('removes every trace', async () => {
    await cluster.t8s('delete')
    const { stdout: processes } = await exec('ps', ['-eo', 'args'])
    assert.ok(!processes.split('\n').some(line => line.includes(cluster.folder) && !line.startsWith('ps ')), processes)
    const mounts = await readFile('/proc/self/mounts', 'utf8')
    assert.ok(!mounts.includes(cluster.folder), mounts)
    const { stdout: tables } = await exec('nft', ['list', 'tables'])
    assert.ok(!tables.includes(cluster.name), tables)
    const { stdout: links } = await exec('ip', ['-o', 'link'])
    assert.ok(!/t8s/.test(links) || !links.includes(cluster.name.slice(-6)), links)
    const { stdout: kubeconfig } = await cluster.tryKubectl(['config', 'get-contexts', '-o', 'name'])
    assert.ok(!kubeconfig.includes(cluster.name))
  })
})
