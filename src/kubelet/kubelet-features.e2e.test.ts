import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { ConfigMap, PersistentVolume, PersistentVolumeClaim, Pod, Secret } from '../api/core/v1/index.js'
import { eventually, isReady, TestNode } from './test-node.js'

const box = (command: string, rest = {}) => ({
  name: 'box',
  image: 'busybox:test',
  command: ['sh', '-c', command],
  ...rest,
})
const forever = 'trap "exit 0" TERM; while true; do sleep 0.1; done'
const namespace = 'default'

describe('what pods may ask for', { timeout: 300_000 }, () => {
  let node: TestNode
  before(async () => {
    node = await TestNode.start('busybox', 'nodeWeb')
  })
  after(async () => {
    await node[Symbol.asyncDispose]()
  })
  afterEach(() => node.clear())

  it("the node's network", async () => {
    await node.run('host', { hostNetwork: true, hostPID: true, containers: [box(forever)] })
    const { status } = await node.ready('host')
    assert.equal(status.podIP, '127.0.0.1')
    assert.equal(await node.sh('host', 'hostname'), `${hostname()}\n`)
    assert.match(await node.sh('host', 'cat /etc/hosts'), /^# Kubernetes-managed hosts file \(host network\)/)
    assert.equal(await node.sh('host', `ls -d /proc/${process.pid}`), `/proc/${process.pid}\n`)
    await node.remove('host')
  })

  it('one process namespace for all', async () => {
    await node.run('shared', {
      shareProcessNamespace: true,
      containers: [box(forever), { ...box('exec sleep 1234'), name: 'other' }],
    })
    await node.ready('shared')
    assert.match(await node.sh('shared', 'cat /proc/[0-9]*/cmdline | tr "\\0" " "', 'box'), /sleep 1234/)
    await node.remove('shared')
  })

  it('privileges, or fewer of them', async () => {
    const securityContext = {
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] },
      runAsUser: 65534,
      seccompProfile: { type: 'RuntimeDefault' },
    }
    await node.run('poor', { containers: [box(forever, { securityContext })] })
    await node.run('mighty', { containers: [box(forever, { securityContext: { privileged: true } })] })
    await node.ready('poor')
    await assert.rejects(node.sh('poor', 'touch /x'), /Read-only/)
    const status = await node.sh('poor', 'cat /proc/1/status')
    assert.match(status, /NoNewPrivs:\t1/)
    assert.match(status, /CapBnd:\t0000000000000400/)
    assert.match(status, /Seccomp:\t2/)
    await node.ready('mighty')
    assert.match(await node.sh('mighty', 'cat /proc/1/status'), /Seccomp:\t0/)
    await node.remove('poor')
    await node.remove('mighty')
  })

  it('sysctls', async () => {
    await node.run('tuned', {
      securityContext: { sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '0' }] },
      containers: [box(forever)],
    })
    await node.ready('tuned')
    assert.equal(await node.sh('tuned', 'cat /proc/sys/net/ipv4/ip_unprivileged_port_start'), '0\n')
    await node.remove('tuned')
  })

  it('not to run as root', async () => {
    await node.run('nonroot', { securityContext: { runAsNonRoot: true }, containers: [box(forever)] })
    const { status } = await node.until(
      'nonroot',
      pod => pod.status.containerStatuses?.[0]?.state.waiting?.message !== undefined,
    )
    const waiting = status.containerStatuses?.[0]?.state.waiting
    assert.equal(waiting?.reason, 'CreateContainerConfigError')
    assert.match(waiting?.message ?? '', /^container has runAsNonRoot and image will run as root/)
    await node.remove('nonroot')
  })

  it('hooks', async () => {
    const postStart = { exec: { command: ['sh', '-c', 'sleep 0.3; touch /tmp/started'] } }
    await node.run('hooked', { containers: [box(forever, { lifecycle: { postStart } })] })
    await node.ready('hooked')
    assert.equal(await node.sh('hooked', 'ls /tmp'), 'started\n')
    await node.remove('hooked')
    const failing = { exec: { command: ['false'] } }
    await node.run('unhooked', { containers: [box(forever, { lifecycle: { postStart: failing } })] })
    await node.event('unhooked', 'FailedPostStartHook')
    await node.remove('unhooked')
  })

  it('images that are not to be had', async () => {
    const image = 'localhost:1/none:1'
    await node.run('never', { containers: [box(forever, { image, imagePullPolicy: 'Never' })] })
    await node.run('unreachable', { containers: [box(forever, { image })] })
    const waits = (reason: string) => (pod: Pod) => pod.status.containerStatuses?.[0]?.state.waiting?.reason === reason
    await node.until('never', waits('ErrImageNeverPull'))
    await node.until('unreachable', waits('ImagePullBackOff'))
    const { message } = await node.event('unreachable', 'Failed')
    assert.match(message ?? '', /^Failed to pull image "localhost:1\/none:1": rpc error: code = \w+ desc = /)
    await node.remove('never')
    await node.remove('unreachable')
  })

  it('readiness gates', async () => {
    await node.run('gated', { readinessGates: [{ conditionType: 'x.y/open' }], containers: [box(forever)] })
    await node.until(
      'gated',
      ({ status }) => status.conditions?.some(c => c.type === 'ContainersReady' && c.status === 'True') ?? false,
    )
    assert.equal(isReady(await node.pod('gated')), false)
    const body = { status: { conditions: [{ type: 'x.y/open', status: 'True' }] } }
    await node.client.patch(Pod, { namespace, name: 'gated' }, { type: 'strategic', body }, { subresource: 'status' })
    await node.ready('gated')
    await node.remove('gated')
  })

  it('an ephemeral container beside theirs', async () => {
    await node.run('debugged', { containers: [box('exec sleep 4321')] })
    await node.ready('debugged')
    const debug = { ...box(forever), name: 'debug', targetContainerName: 'box' }
    const body = { spec: { ephemeralContainers: [debug] } }
    const ref = { namespace, name: 'debugged' }
    await node.client.patch(Pod, ref, { type: 'strategic', body }, { subresource: 'ephemeralcontainers' })
    const { status } = await node.until(
      'debugged',
      pod => pod.status.ephemeralContainerStatuses?.[0]?.state.running !== undefined,
    )
    const containerId = status.ephemeralContainerStatuses?.[0]?.containerID?.replace('containerd://', '') ?? ''
    const cmd = ['sh', '-c', 'cat /proc/1/cmdline']
    const { stdout } = await node.runtime.cri.execSync({ containerId, cmd })
    assert.match(Buffer.from(stdout ?? []).toString(), /sleep/)
    assert.ok(isReady(await node.pod('debugged')))
    await node.remove('debugged')
  })

  it('claims of volumes on this machine', async () => {
    const path = join(node.folder, 'volume')
    await mkdir(path)
    await writeFile(join(path, 'file'), 'kept')
    const claim = await node.client.create(PersistentVolumeClaim, {
      metadata: { namespace, name: 'claim' },
      spec: { accessModes: ['ReadWriteOnce'], storageClassName: '', resources: { requests: { storage: '1Gi' } } },
    })
    const volumeMounts = [
      { name: 'v', mountPath: '/v' },
      { name: 'v', mountPath: '/f', subPath: 'file' },
    ]
    const volumes = [{ name: 'v', persistentVolumeClaim: { claimName: 'claim' } }]
    await node.run('claimed', { containers: [box(forever, { volumeMounts })], volumes })
    const { message } = await node.event('claimed', 'FailedMount')
    assert.equal(message, 'MountVolume.SetUp failed for volume "v" : PVC is not bound: default/claim')
    const { uid } = claim.metadata
    const volume = await node.client.create(PersistentVolume, {
      metadata: { name: 'pv' },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        local: { path },
        nodeAffinity: {
          required: {
            nodeSelectorTerms: [
              { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['node'] }] },
            ],
          },
        },
        claimRef: { kind: 'PersistentVolumeClaim', namespace, name: 'claim', ...(uid ? { uid } : {}) },
      },
    })
    const bind = { spec: { volumeName: volume.metadata.name } }
    await node.client.patch(PersistentVolumeClaim, claim.metadata, { type: 'merge', body: bind })
    const bound = { status: { phase: 'Bound' } }
    await node.client.patch(
      PersistentVolumeClaim,
      claim.metadata,
      { type: 'merge', body: bound },
      { subresource: 'status' },
    )
    await node.ready('claimed')
    assert.equal(await node.sh('claimed', 'cat /v/file /f; echo new > /v/more'), 'keptkept')
    const { text } = await node.fetch('/api/v1/nodes/node/proxy/stats/summary')
    const shown = JSON.parse(text).pods[0].volume.find(({ name }: { name: string }) => name === 'v')
    assert.deepEqual(shown.pvcRef, { name: 'claim', namespace })
    assert.match(
      (await node.fetch('/api/v1/nodes/node/proxy/metrics')).text,
      /^kubelet_volume_stats_capacity_bytes\{namespace="default",persistentvolumeclaim="claim"\} \d+$/m,
    )
    await node.remove('claimed')
    assert.equal(await readFile(join(path, 'file'), 'utf8'), 'kept')
    assert.equal(await readFile(join(path, 'more'), 'utf8'), 'new\n')
  })

  it('many sources in one volume', async () => {
    await node.client.create(ConfigMap, { metadata: { namespace, name: 'part' }, data: { a: 'A' } })
    await node.client.create(Secret, { metadata: { namespace, name: 'part' }, data: { b: 'Qg==' } })
    const sources = [
      { configMap: { name: 'part' } },
      { secret: { name: 'part', items: [{ key: 'b', path: 'deep/b', mode: 0o400 }] } },
      { downwardAPI: { items: [{ path: 'name', fieldRef: { fieldPath: 'metadata.name' } }] } },
      { serviceAccountToken: { path: 'token', audience: 'somebody', expirationSeconds: 600 } },
      { configMap: { name: 'none', optional: true } },
    ]
    await node.run('many', {
      containers: [box(forever, { volumeMounts: [{ name: 'v', mountPath: '/v' }] })],
      volumes: [{ name: 'v', projected: { sources, defaultMode: 0o440 } }],
    })
    await node.ready('many')
    assert.equal(await node.sh('many', 'cat /v/a /v/deep/b /v/name'), 'ABmany')
    assert.equal(await node.sh('many', 'stat -Lc %a /v/a /v/deep/b'), '440\n400\n')
    const [, claims = ''] = (await node.sh('many', 'cat /v/token')).split('.')
    const { aud, exp, iat } = JSON.parse(Buffer.from(claims, 'base64url').toString())
    assert.deepEqual([aud, exp - iat], [['somebody'], 600])
    await node.remove('many')
  })

  it('env files, written by an init container', async () => {
    const volumeMounts = [{ name: 'v', mountPath: '/v' }]
    const valueFrom = { fileKeyRef: { volumeName: 'v', path: 'app.env', key: 'WORD' } }
    await node.run('envfile', {
      initContainers: [{ ...box('echo "WORD=\'from a file\'" > /v/app.env', { volumeMounts }), name: 'writer' }],
      containers: [box(forever, { env: [{ name: 'X', valueFrom }] })],
      volumes: [{ name: 'v', emptyDir: {} }],
    })
    await node.ready('envfile')
    assert.equal(await node.sh('envfile', 'echo $X'), 'from a file\n')
    await node.remove('envfile')
  })

  it('images as volumes', async () => {
    const volumeMounts = [
      { name: 'one', mountPath: '/one' },
      { name: 'two', mountPath: '/two' },
      { name: 'two', mountPath: '/app', subPath: 'app' },
    ]
    const volumes = [
      { name: 'one', image: { reference: 'busybox:test', pullPolicy: 'Never' } },
      { name: 'two', image: { reference: 'node-web:test', pullPolicy: 'IfNotPresent' } },
    ]
    await node.run('imaged', { containers: [box(forever, { volumeMounts })], volumes })
    await node.ready('imaged')
    const found = await node.sh('imaged', 'ls /one/bin/sh /two/app /app')
    assert.equal(found, '/one/bin/sh\n\n/app:\nserver.js\n\n/two/app:\nserver.js\n')
    await assert.rejects(node.sh('imaged', 'touch /two/x'), /Read-only/)
    await assert.rejects(node.sh('imaged', 'touch /one/x'), /Read-only/)
    await node.remove('imaged')
    await node.run('lost', {
      containers: [box(forever, { volumeMounts: [{ name: 'one', mountPath: '/v', subPath: 'none' }] })],
      volumes,
    })
    const { status } = await node.until('lost', pod =>
      Boolean(pod.status.containerStatuses?.[0]?.state.waiting?.message),
    )
    const waiting = status.containerStatuses?.[0]?.state.waiting
    assert.equal(waiting?.reason, 'CreateContainerConfigError')
    assert.match(waiting?.message ?? '', /subPath "none" does not exist/)
    await node.remove('lost')
    const { stdout } = await promisify(execFile)('ctr', [
      ...['--address', node.runtime.containerd.socket, '--namespace', 'k8s.io'],
      ...['snapshots', '--snapshotter', node.runtime.containerd.snapshotter, 'list'],
    ])
    assert.ok(!stdout.includes('typernetes-image-volume'), stdout)
  })

  it('volumes that nobody here can mount', async () => {
    await node.run('foreign', {
      containers: [box(forever)],
      volumes: [{ name: 'v', nfs: { server: 'x', path: '/' } }],
    })
    const { message } = await node.event('foreign', 'FailedMount')
    assert.match(
      message ?? '',
      /^MountVolume.SetUp failed for volume "v" : no volume plugin matched: volumes of type nfs/,
    )
    await node.remove('foreign')
  })

  it('many pods at once', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `crowd-${index}`)
    await Promise.all(names.map(name => node.run(name, { containers: [box(forever)] })))
    await Promise.all(names.map(name => node.ready(name)))
    const addresses = await Promise.all(names.map(async name => (await node.pod(name)).status.podIP))
    assert.equal(new Set(addresses).size, names.length)
    await Promise.all(names.map(name => node.remove(name)))
    await eventually(async () => (await node.runtime.cri.listPodSandbox({})).items.length === 0, 'a sandbox is left')
  })

  it('without faults', () => assert.deepEqual(node.faults, []))
})
