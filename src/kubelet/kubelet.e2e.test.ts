import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { after, afterEach, before, describe, it } from 'node:test'
import { Lease } from '../api/coordination/v1/index.js'
import { ConfigMap, Event, Node, Pod, Secret } from '../api/core/v1/index.js'
import { sandboxConfig } from './container/sandbox-config.js'
import { eventually, isReady, TestNode } from './test-node.js'
import { mountsBelow } from './volumes/mounts.js'

const box = (command: string, rest = {}) => ({
  name: 'box',
  image: 'busybox:test',
  command: ['sh', '-c', command],
  ...rest,
})
const forever = 'trap "exit 0" TERM; while true; do sleep 0.1; done'
const namespace = 'default'

describe('a node', { timeout: 300_000 }, () => {
  let node: TestNode
  before(async () => {
    node = await TestNode.start('busybox', 'nodeWeb')
  })
  after(async () => {
    await node[Symbol.asyncDispose]()
  })
  afterEach(() => node.clear())

  it('is registered and alive', async () => {
    const { status, metadata } = await node.client.get(Node, { name: 'node' })
    assert.equal(status.conditions?.find(({ type }) => type === 'Ready')?.status, 'True')
    assert.equal(metadata.labels?.['kubernetes.io/hostname'], 'node')
    assert.match(status.nodeInfo.containerRuntimeVersion, /^containerd:\/\//)
    assert.ok(Number(status.capacity?.pods) === 110)
    await eventually(async () => {
      const lease = await node.client.get(Lease, { namespace: 'kube-node-lease', name: 'node' }).catch(() => undefined)
      return lease?.spec?.holderIdentity === 'node'
    }, 'no lease')
  })

  it('runs a pod, serves its log, and ends it', async () => {
    await node.run('plain', { containers: [box(`echo hello; ${forever}`)] })
    const { status } = await node.ready('plain')
    assert.equal(status.phase, 'Running')
    assert.match(status.podIP ?? '', /^10\./)
    assert.equal(status.qosClass, 'BestEffort')
    assert.equal(status.observedGeneration, 1)
    await eventually(
      async () => (await node.fetch(`/api/v1/namespaces/default/pods/plain/log`)).text === 'hello\n',
      'no log',
    )
    for (const reason of ['Pulled', 'Created', 'Started']) await node.event('plain', reason)
    // By default it would take half a minute.
    assert.ok((await node.remove('plain')) < 25_000)
    await eventually(async () => (await node.runtime.cri.listPodSandbox({})).items.length === 0, 'a sandbox is left')
    await eventually(async () => (await readdir(join(node.folder, 'logs'))).length === 0, 'logs are left')
    assert.deepEqual(await readdir(join(node.folder, 'kubelet/pods')), [])
  })

  it('gives containers their environment, volumes and identity', async () => {
    const { client } = node
    await client.create(ConfigMap, { metadata: { namespace, name: 'cm' }, data: { color: 'red', 'a.txt': 'A' } })
    await client.create(Secret, { metadata: { namespace, name: 'sec' }, data: { word: 'aHVzaA==' } })
    await node.run(
      'rich',
      {
        hostname: 'me',
        subdomain: 'sub',
        hostAliases: [{ ip: '1.2.3.4', hostnames: ['far'] }],
        securityContext: { runAsUser: 1000, runAsGroup: 1000, fsGroup: 2000 },
        containers: [
          box(forever, {
            resources: { requests: { cpu: '100m', memory: '16Mi' }, limits: { cpu: '500m', memory: '64Mi' } },
            env: [
              { name: 'COLOR', valueFrom: { configMapKeyRef: { name: 'cm', key: 'color' } } },
              { name: 'WORD', valueFrom: { secretKeyRef: { name: 'sec', key: 'word' } } },
              { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
              { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '1m' } } },
              { name: 'BOTH', value: '$(COLOR)-$(WORD)' },
            ],
            volumeMounts: [
              { name: 'cm', mountPath: '/cm' },
              { name: 'sec', mountPath: '/sec' },
              { name: 'info', mountPath: '/info' },
              { name: 'scratch', mountPath: '/scratch' },
              { name: 'ram', mountPath: '/ram' },
              { name: 'cm', mountPath: '/one', subPath: 'a.txt' },
              { name: 'scratch', mountPath: '/mine', subPathExpr: 'of-$(COLOR)' },
            ],
          }),
        ],
        volumes: [
          { name: 'cm', configMap: { name: 'cm' } },
          { name: 'sec', secret: { secretName: 'sec', defaultMode: 0o400 } },
          { name: 'info', downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
          { name: 'scratch', emptyDir: {} },
          { name: 'ram', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
        ],
      },
      { labels: { app: 'rich' } },
    )
    const { status } = await node.ready('rich')
    const say = (command: string) => node.sh('rich', command)
    assert.equal(await say('echo $BOTH $CPU $IP'), `red-hush 500 ${status.podIP}\n`)
    assert.equal(await say('cat /cm/color /sec/word /one'), 'redhushA')
    assert.equal(await say('cat /info/labels'), 'app="rich"')
    assert.equal(await say('hostname -f; hostname'), 'me.sub.default.svc.cluster.local\nme\n')
    assert.match(await say('cat /etc/hosts'), /1\.2\.3\.4\tfar/)
    assert.match(await say('cat /etc/resolv.conf'), /nameserver 10\.96\.0\.10\n(?:.*\n)*options ndots:5/)
    assert.equal(await say('id -u; id -g; id -G'), '1000\n1000\n1000 2000\n')
    assert.equal(await say('touch /scratch/x /ram/y /mine/z; ls /scratch; stat -c %g /scratch/x'), 'of-red\nx\n2000\n')
    assert.match(await say('mount | grep " /ram "'), /tmpfs.*size=1024k/)
    assert.equal(
      await say('cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max'),
      `${64 << 20}\n`,
    )
    const token = await say('cat /var/run/secrets/kubernetes.io/serviceaccount/token')
    assert.equal(token.split('.').length, 3)
    assert.match(await say('cat /var/run/secrets/kubernetes.io/serviceaccount/ca.crt'), /BEGIN CERTIFICATE/)

    await client.patch(ConfigMap, { namespace, name: 'cm' }, { type: 'merge', body: { data: { color: 'blue' } } })
    await eventually(async () => (await say('cat /cm/color')) === 'blue', 'the ConfigMap has not changed')
    const relabel = { type: 'merge' as const, body: { metadata: { labels: { app: 'poor' } } } }
    await client.patch(Pod, { namespace, name: 'rich' }, relabel)
    await eventually(async () => (await say('cat /info/labels')) === 'app="poor"', 'the labels have not changed')

    await node.remove('rich')
    assert.deepEqual(await mountsBelow(join(node.folder, 'kubelet/pods')), [])
  })

  it('waits for what is missing, and goes on when it comes', async () => {
    await node.run('waits', {
      containers: [box(forever, { envFrom: [{ configMapRef: { name: 'later' } }] })],
      volumes: [{ name: 'v', secret: { secretName: 'later' } }],
    })
    const mount = await node.event('waits', 'FailedMount')
    assert.equal(mount.message, 'MountVolume.SetUp failed for volume "v" : secret "later" not found')
    await node.client.create(Secret, { metadata: { namespace, name: 'later' } })
    const pod = await node.until(
      'waits',
      ({ status }) => status.containerStatuses?.[0]?.state.waiting?.reason === 'CreateContainerConfigError',
    )
    assert.equal(pod.status.containerStatuses?.[0]?.state.waiting?.message, 'configmap "later" not found')
    await node.client.create(ConfigMap, { metadata: { namespace, name: 'later' }, data: { A: '1' } })
    await node.ready('waits')
    assert.equal(await node.sh('waits', 'echo $A'), '1\n')
    await node.remove('waits')
  })

  it('initializes, keeps sidecars, and finishes', async () => {
    const shared = { volumeMounts: [{ name: 'v', mountPath: '/v' }] }
    await node.run('job', {
      restartPolicy: 'Never',
      initContainers: [
        { ...box('echo one >> /v/log', shared), name: 'first' },
        { ...box(`echo side >> /v/log; ${forever}`, { ...shared, restartPolicy: 'Always' }), name: 'side' },
        { ...box('echo two >> /v/log', shared), name: 'second' },
      ],
      containers: [box('cat /v/log; echo bye > /dev/termination-log; exit 3', shared)],
      volumes: [{ name: 'v', emptyDir: {} }],
    })
    const { status } = await node.until('job', ({ status }) => status.phase === 'Failed')
    // Containerd says that it has ended before it has written all of its output.
    await eventually(
      async () =>
        (await node.fetch('/api/v1/namespaces/default/pods/job/log?container=box')).text === 'one\nside\ntwo\n',
      'its log is another one',
    )
    const ended = status.containerStatuses?.[0]?.state.terminated
    assert.deepEqual([ended?.exitCode, ended?.reason, ended?.message], [3, 'Error', 'bye\n'])
    assert.deepEqual(
      status.initContainerStatuses?.map(({ name, state }) => `${name} ${state.terminated?.exitCode}`),
      ['first 0', 'side 0', 'second 0'],
    )
    await node.remove('job')
  })

  it('restarts what ends, with back-off, and shows how it ended', async () => {
    // What is said at the very end containerd may write long after it has told of the end.
    await node.run('loop', {
      containers: [
        box('echo last words >&2; sleep 0.3; exit 1', { terminationMessagePolicy: 'FallbackToLogsOnError' }),
      ],
    })
    const { status } = await node.until('loop', pod => {
      const [container] = pod.status.containerStatuses ?? []
      return container?.restartCount === 1 && container.state.waiting?.reason === 'CrashLoopBackOff'
    })
    const [container] = status.containerStatuses ?? []
    assert.equal(container?.state.waiting?.message?.split(' pod=')[0], 'back-off 10s restarting failed container=box')
    assert.equal(container?.lastState.terminated?.message, 'last words\n')
    assert.equal(status.phase, 'Running')
    assert.equal((await node.fetch('/api/v1/namespaces/default/pods/loop/log?previous=true')).text, 'last words\n')
    await node.event('loop', 'BackOff')
    await node.remove('loop')
  })

  it('probes', async () => {
    await node.run('probed', {
      containers: [
        box(`touch /tmp/alive; ${forever}`, {
          startupProbe: { exec: { command: ['test', '-e', '/tmp/alive'] }, periodSeconds: 1 },
          readinessProbe: { exec: { command: ['test', '-e', '/tmp/ready'] }, periodSeconds: 1 },
          livenessProbe: { exec: { command: ['test', '-e', '/tmp/alive'] }, periodSeconds: 1, failureThreshold: 1 },
        }),
      ],
    })
    await node.event('probed', 'Unhealthy')
    assert.equal(isReady(await node.pod('probed')), false)
    await node.sh('probed', 'touch /tmp/ready')
    await node.ready('probed')
    await node.sh('probed', 'rm /tmp/alive')
    await node.until('probed', ({ status }) => status.containerStatuses?.[0]?.restartCount === 1)
    const killing = await node.event('probed', 'Killing')
    assert.equal(killing.message, 'Container box failed liveness probe, will be restarted')
    await node.remove('probed')
  })

  it('probes over HTTP', async () => {
    await node.run('web', {
      containers: [
        {
          name: 'web',
          image: 'node-web:test',
          ports: [{ name: 'http', containerPort: 8080 }],
          readinessProbe: { httpGet: { path: '/', port: 'http' }, periodSeconds: 1 },
        },
      ],
    })
    await node.ready('web')
    await node.remove('web')
  })

  it('lets a pod end in its own time, unless it takes too long', async () => {
    const lifecycle = { preStop: { exec: { command: ['sh', '-c', 'sleep 0.5; touch /v/stopped'] } } }
    const hostPath = { path: join(node.folder, 'shared'), type: 'DirectoryOrCreate' }
    const stubborn = 'trap "" TERM; while true; do sleep 0.1; done'
    const volumeMounts = [{ name: 'v', mountPath: '/v' }]
    await node.run('slow', {
      terminationGracePeriodSeconds: 2,
      containers: [box(stubborn, { lifecycle, volumeMounts })],
      volumes: [{ name: 'v', hostPath }],
    })
    await node.ready('slow')
    const took = await node.remove('slow')
    assert.ok(existsSync(join(node.folder, 'shared/stopped')))
    // By default it would take half a minute and more.
    assert.ok(took > 1900 && took < 30_000, `it took ${took} ms`)

    await node.run('slower', { terminationGracePeriodSeconds: 300, containers: [box(stubborn)] })
    await node.ready('slower')
    await node.client.delete(Pod, { namespace, name: 'slower' })
    await node.event('slower', 'Killing')
    assert.ok((await node.remove('slower', 1)) < 60_000)
  })

  it('replaces a container whose image has changed', async () => {
    await node.run('moving', { containers: [{ name: 'c', image: 'node-web:test', env: [{ name: 'A', value: '1' }] }] })
    await node.ready('moving')
    await node.runtime.cri.imageStatus({ image: { image: 'busybox:test' } })
    const body = { spec: { containers: [{ name: 'c', image: 'docker.io/library/node-web:test' }] } }
    await node.client.patch(Pod, { namespace, name: 'moving' }, { type: 'strategic', body })
    await node.until('moving', pod => isReady(pod) && pod.status.containerStatuses?.[0]?.restartCount === 1)
    await node.remove('moving')
  })

  it('survives the death of a sandbox', async () => {
    await node.run('undying', { containers: [box(forever)] })
    await node.ready('undying')
    const { items } = await node.runtime.cri.listPodSandbox({})
    const [sandbox] = items.filter(({ metadata }) => metadata?.name === 'undying')
    await node.runtime.cri.stopPodSandbox({ podSandboxId: sandbox?.id ?? '' })
    // More than once if it was tried in the sandbox that was dying.
    await node.until('undying', pod => isReady(pod) && (pod.status.containerStatuses?.[0]?.restartCount ?? 0) > 0)
    await node.remove('undying')
  })

  it('takes over a sandbox of which it was not told', async () => {
    const gate = { schedulingGates: [{ name: 'x.y/later' }] }
    const unbound = await node.run('half', { nodeName: '', containers: [box(forever)], ...gate })
    const { uid = '' } = unbound.metadata
    const config = sandboxConfig(unbound, {
      attempt: 0,
      cgroupParent: `${node.runtime.cgroup}/half`,
      logDirectory: join(node.folder, 'logs', `${namespace}_half_${uid}`),
      dns: { servers: [], searches: [], options: [] },
      hostname: { hostname: 'half' },
    })
    await node.runtime.cri.runPodSandbox({ config })
    const open = { type: 'merge' as const, body: { spec: { schedulingGates: null } } }
    await node.client.patch(Pod, unbound.metadata, open)
    await node.ready('half')
    assert.match((await node.event('half', 'FailedCreatePodSandBox')).message ?? '', /reserved/)
    await node.remove('half')
  })

  it('finds its pods after a restart, ends what was deleted meanwhile, and clears up', async () => {
    for (const name of ['stays', 'goes', 'vanishes']) await node.run(name, { containers: [box(forever)] })
    const before = await node.ready('stays')
    await node.ready('goes')
    const vanished = await node.ready('vanishes')
    await node.stopKubelet()
    await node.client.delete(Pod, { namespace, name: 'goes' })
    await node.client.delete(Pod, { namespace, name: 'vanishes' }, { gracePeriodSeconds: 0 })
    const grants = join(node.folder, 'kubelet/pods', vanished.metadata.uid ?? '', 'granted.json')
    await writeFile(grants, JSON.stringify({ box: { requests: { cpu: '1m' } } }))
    await node.startKubelet()
    await node.gone('goes')
    await eventually(async () => (await node.runtime.cri.listPodSandbox({})).items.length === 1, 'an orphan is left')
    const after = await node.ready('stays')
    assert.equal(after.status.containerStatuses?.[0]?.containerID, before.status.containerStatuses?.[0]?.containerID)
    assert.equal(after.status.containerStatuses?.[0]?.restartCount, 0)
    assert.deepEqual(after.status.conditions, before.status.conditions)
    await eventually(() => !existsSync(dirname(grants)), 'what it had been granted is left')
    const { items } = await node.client.list(Event, { namespace })
    assert.ok(
      !items.some(({ reason, involvedObject }) => reason === 'ResizeStarted' && involvedObject.name === 'vanishes'),
    )
    await node.remove('stays')
  })

  it('refuses what does not fit', async () => {
    await node.run('huge', { containers: [box(forever, { resources: { requests: { cpu: '1000' } } })] })
    const { status } = await node.until('huge', pod => pod.status.phase === 'Failed')
    assert.equal(status.reason, 'OutOfcpu')
    assert.match(status.message ?? '', /^Pod was rejected: Node didn't have enough resource: cpu, requested: 1000000/)
    assert.equal(`Pod was rejected: ${(await node.event('huge', 'OutOfcpu')).message}`, status.message)
    await node.remove('huge')
    await node.run('sysctl', {
      containers: [box(forever)],
      securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] },
    })
    assert.equal((await node.until('sysctl', pod => pod.status.phase === 'Failed')).status.reason, 'SysctlForbidden')
    await node.remove('sysctl')
  })

  it('learns of its own labels in time', async () => {
    await node.run('elsewhere', { nodeSelector: { color: 'red' }, containers: [box(forever)] })
    assert.equal((await node.until('elsewhere', pod => pod.status.phase === 'Failed')).status.reason, 'NodeAffinity')
    await node.remove('elsewhere')
    await node.client.patch(Node, { name: 'node' }, { type: 'merge', body: { metadata: { labels: { color: 'red' } } } })
    await node.run('here', { nodeSelector: { color: 'red' }, containers: [box(forever)] })
    await node.ready('here')
    await node.remove('here')
  })

  it('resizes containers in place', async () => {
    const resources = (cpu: string, memory: string) => ({ requests: { cpu, memory }, limits: { cpu, memory } })
    const resizePolicy = [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }]
    await node.run('grows', {
      containers: [
        { ...box(forever, { resources: resources('100m', '32Mi') }), name: 'a' },
        { ...box(forever, { resources: resources('100m', '32Mi'), resizePolicy }), name: 'b' },
      ],
    })
    const before = await node.ready('grows')
    const resize = (containers: object[]) => {
      const patch = { type: 'strategic' as const, body: { spec: { containers } } }
      return node.client.patch(Pod, { namespace, name: 'grows' }, patch, { subresource: 'resize' })
    }
    await resize([
      { name: 'a', resources: resources('200m', '64Mi') },
      { name: 'b', resources: resources('200m', '64Mi') },
    ])
    const has = (pod: Pod, name: string) => pod.status.containerStatuses?.find(status => status.name === name)
    const after = await node.until(
      'grows',
      pod => isReady(pod) && ['a', 'b'].every(name => has(pod, name)?.resources?.limits?.memory === '64Mi'),
    )
    assert.equal(has(after, 'a')?.containerID, has(before, 'a')?.containerID)
    assert.deepEqual([has(after, 'a')?.restartCount, has(after, 'b')?.restartCount], [0, 1])
    const asked = (name: string) => ({
      name,
      resources: { limits: resources('200m', '64Mi').limits, requests: resources('200m', '64Mi').requests },
    })
    const summary = JSON.stringify({ containers: [asked('a'), asked('b')], generation: 2 })
    assert.equal((await node.event('grows', 'ResizeStarted')).message, `Pod resize started: ${summary}`)
    assert.equal((await node.event('grows', 'ResizeCompleted')).message, `Pod resize completed: ${summary}`)
    assert.equal((await node.event('grows', 'Killing')).message, 'Container b resize requires restart')
    const limit = 'cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max'
    for (const name of ['a', 'b']) assert.equal(await node.sh('grows', limit, name), `${64 << 20}\n`)
    await assert.rejects(resize([{ name: 'a', resources: resources('1000', '64Mi') }]), {
      code: 403,
      message: /Node didn't have enough allocatable resources: cpu, requested: /,
    })
    await resize([{ name: 'a', resources: resources('100m', '64Mi') }])
    await node.until('grows', pod => has(pod, 'a')?.resources?.limits?.cpu === '100m')
    await node.remove('grows')
  })

  it('ends a pod at its deadline', async () => {
    await node.run('brief', { activeDeadlineSeconds: 1, containers: [box(forever)] })
    const { status } = await node.until('brief', pod => pod.status.phase === 'Failed')
    assert.equal(status.reason, 'DeadlineExceeded')
    const { type, message } = await node.event('brief', 'DeadlineExceeded')
    assert.deepEqual([type, message], ['Normal', status.message])
    await node.remove('brief')
  })

  it('has met no faults', () => assert.deepEqual(node.faults, []))
})
