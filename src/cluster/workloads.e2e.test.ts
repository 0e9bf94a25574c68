import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { eventually, TestCluster } from './test-cluster.js'

const volume = (number: number, path: string) => `
apiVersion: v1
kind: PersistentVolume
metadata: {name: disk-${number}}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce]
  storageClassName: disks
  hostPath: {path: ${path}}
---`

/** Each of its pods counts its own starts. */
const counters = `
apiVersion: v1
kind: Service
metadata: {name: counters}
spec: {clusterIP: None, selector: {app: counters}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: counter}
spec:
  serviceName: counters
  replicas: 2
  selector: {matchLabels: {app: counters}}
  template:
    metadata: {labels: {app: counters}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: counter
        image: busybox:1
        command: [sh, -c, 'echo $HOSTNAME >> /data/starts; exec sleep 100000']
        volumeMounts: [{name: data, mountPath: /data}]
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], storageClassName: disks, resources: {requests: {storage: 1Gi}}}
`

const shortPods = 60
const job = `
apiVersion: batch/v1
kind: Job
metadata: {name: short}
spec:
  completions: ${shortPods}
  parallelism: 20
  completionMode: Indexed
  template:
    spec:
      restartPolicy: Never
      containers: [{name: c, image: 'busybox:1', command: ['true']}]
`

interface Pods {
  readonly items: readonly {
    readonly metadata: { readonly annotations: { readonly [name: string]: string } }
    readonly status: { readonly phase: string }
  }[]
}

describe('workloads on real containers', { timeout: 540_000 }, () => {
  let cluster: TestCluster
  before(async () => {
    cluster = await TestCluster.prepare()
    await cluster.up()
    await cluster.loadImage('busybox', 'busybox:1')
  })
  after(async () => {
    await cluster[Symbol.asyncDispose]()
  })

  const apply = async (input: string) => {
    const { code, stderr } = await cluster.tryKubectl(['apply', '-f', '-'], { input })
    assert.equal(code, 0, stderr)
  }

  it('a stateful set finds its volumes again after its node was stopped and started', async () => {
    const folders = [0, 1].map(number => join(cluster.folder, `disk-${number}`))
    for (const [number, folder] of folders.entries()) {
      await mkdir(folder)
      await apply(volume(number, folder))
    }
    await apply(counters)
    await cluster.kubectl('rollout', 'status', 'statefulset/counter', '--timeout=180s')
    const starts = async (pod: string) => (await cluster.kubectl('exec', pod, '--', 'cat', '/data/starts')).split('\n')
    assert.deepEqual(await starts('counter-1'), ['counter-1', ''])
    await cluster.t8s('down')
    await cluster.up()
    await eventually('both pods have started again, each on its own volume', async () => {
      const lines = await Promise.all([starts('counter-0'), starts('counter-1')])
      return lines.every(
        (names, number) => names.length > 2 && names.every(name => !name || name === `counter-${number}`),
      )
    })
  })

  it(`a job of ${shortPods} short pods completes each exactly once`, async () => {
    await apply(job)
    await cluster.kubectl('wait', '--for=condition=Complete', 'job/short', '--timeout=180s')
    const { items } = await cluster.json<Pods>('get', 'pods', '-l', 'job-name=short')
    const indexes = items.map(({ metadata }) =>
      Number(metadata.annotations['batch.kubernetes.io/job-completion-index']),
    )
    assert.deepEqual(
      indexes.sort((a, b) => a - b),
      Array.from({ length: shortPods }, (_, index) => index),
    )
    assert.ok(items.every(({ status }) => status.phase === 'Succeeded'))
    assert.equal(await cluster.kubectl('get', 'job', 'short', '-o', 'jsonpath={.status.succeeded}'), String(shortPods))
  })
})
