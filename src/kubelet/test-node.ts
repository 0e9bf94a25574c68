import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { ConfigMap, Event, Namespace, Pod, type PodInit, ServiceAccount } from '../api/core/v1/index.js'
import type { Client } from '../client/client.js'
import { ControlPlane } from '../cluster/control-plane.js'
import { issueServingCertificate } from '../cluster/pki.js'
import { isAlreadyExists, isNotFound } from '../machinery/status-error.js'
import { testFolder } from '../machinery/test-folder.js'
import { type Kubelet, startKubelet } from './kubelet.js'
import type { KubeletOptions } from './options.js'
import { loadTestImage, testImages } from './runtime/test-images.js'
import { startTestRuntime, type TestRuntime } from './runtime/test-runtime.js'
import { removeNodeRemains } from './test-node-remains.js'

const namespace = 'default'
const nodeName = 'node'
/** Tests that wait longer have failed. */
const patience = 120_000

/** For tests: a control plane in memory, a containerd of its own, and a node agent on it. Needs root. */
export class TestNode implements AsyncDisposable {
  kubelet: Kubelet | undefined
  readonly faults: unknown[] = []

  private constructor(
    readonly controlPlane: ControlPlane,
    readonly runtime: TestRuntime,
    readonly folder: string,
  ) {}

  /** With these images; large ones take their time. */
  static async start(...images: readonly (keyof typeof testImages)[]): Promise<TestNode> {
    const controlPlane = await ControlPlane.start()
    const runtime = await startTestRuntime()
    const node = new TestNode(controlPlane, runtime, testFolder())
    try {
      for (const image of images) await loadTestImage(await testImages[image](), runtime.containerd, runtime.cri)
      const { client } = node
      // Controllers may be at work that make the same.
      await unlessThere(client.create(Namespace, { metadata: { name: namespace } }))
      await unlessThere(client.create(ServiceAccount, { metadata: { namespace, name: 'default' } }))
      const data = { 'ca.crt': controlPlane.pki.ca.certificate }
      await unlessThere(client.create(ConfigMap, { metadata: { namespace, name: 'kube-root-ca.crt' }, data }))
      await node.startKubelet()
      return node
    } catch (error) {
      await node[Symbol.asyncDispose]()
      throw error
    }
  }

  get client(): Client {
    return this.controlPlane.client
  }

  async options(): Promise<KubeletOptions> {
    const { pki } = this.controlPlane
    const serving = await issueServingCertificate(pki.ca, { subject: { commonName: nodeName }, hosts: ['127.0.0.1'] })
    return {
      nodeName,
      client: this.client,
      criSocket: this.runtime.containerd.socket,
      rootDir: join(this.folder, 'kubelet'),
      logDir: join(this.folder, 'logs'),
      cgroupRoot: this.runtime.cgroup,
      nodeIps: ['127.0.0.1'],
      clusterDns: ['10.96.0.10'],
      eviction: { diskAvailable: 0, inodesFree: 0 },
      server: { host: '127.0.0.1', port: 0, ...serving, clientCa: pki.ca.certificate },
      onError: error => this.faults.push(error),
    }
  }

  async startKubelet(more: Partial<KubeletOptions> = {}): Promise<Kubelet> {
    this.kubelet = await startKubelet({ ...(await this.options()), ...more })
    await this.kubelet.ready
    return this.kubelet
  }

  async stopKubelet(): Promise<void> {
    await this.kubelet?.[Symbol.asyncDispose]()
    this.kubelet = undefined
  }

  /** Creates a pod that is bound to the node. */
  run(name: string, spec: PodInit['spec'] & {}, metadata: PodInit['metadata'] = {}): Promise<Pod> {
    return this.client.create(Pod, {
      metadata: { ...metadata, name, namespace },
      spec: { nodeName, terminationGracePeriodSeconds: 1, ...spec },
    })
  }

  pod(name: string): Promise<Pod> {
    return this.client.get(Pod, { namespace, name })
  }

  /** Waits until a pod is as it should be. */
  async until(name: string, what: (pod: Pod) => boolean): Promise<Pod> {
    const end = Date.now() + patience
    let last: Pod | undefined
    while (Date.now() < end) {
      last = await this.pod(name)
      if (what(last)) return last
      await pause(10)
    }
    throw new Error(`pod ${name} has not become what it should: ${JSON.stringify(last?.status, null, 1)}`)
  }

  ready(name: string): Promise<Pod> {
    return this.until(name, isReady)
  }

  /** Deletes a pod and waits until its object is gone. Answers how long it took, in milliseconds. */
  async remove(name: string, gracePeriodSeconds?: number): Promise<number> {
    const began = Date.now()
    await this.client.delete(Pod, { namespace, name }, gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds })
    await this.gone(name)
    return Date.now() - began
  }

  async gone(name: string): Promise<void> {
    await eventually(async () => {
      const found = await this.pod(name).catch(error => {
        if (!isNotFound(error)) throw error
        return undefined
      })
      return found === undefined
    }, `pod ${name} is still there`)
  }

  /** Removes the pods that a test which failed has left behind, so that the next one finds none. */
  async clear(): Promise<void> {
    const { items } = await this.client.list(Pod, { namespace })
    if (items.length === 0) return
    await Promise.all(
      items.map(({ metadata }) =>
        this.client.delete(Pod, metadata, { gracePeriodSeconds: 0 }).catch(error => {
          if (!isNotFound(error)) throw error
        }),
      ),
    )
    await eventually(
      async () => (await this.runtime.cri.listPodSandbox({})).items.length === 0,
      'what a test has left does not go',
    )
  }

  /** Runs a shell command in a pod's container and answers its output. */
  async sh(name: string, command: string, container?: string): Promise<string> {
    const pod = await this.pod(name)
    const all = [...(pod.status.containerStatuses ?? []), ...(pod.status.initContainerStatuses ?? [])]
    const status = all.find(candidate => !container || candidate.name === container)
    const containerId = status?.containerID?.replace('containerd://', '') ?? ''
    const { stdout, stderr, exitCode } = await this.runtime.cri.execSync({ containerId, cmd: ['sh', '-c', command] })
    const text = Buffer.concat([stdout ?? new Uint8Array(), stderr ?? new Uint8Array()]).toString()
    if (exitCode !== 0) throw new Error(`${command} ended with ${exitCode}: ${text}`)
    return text
  }

  /** A text from the API server, such as a pod's log. */
  async fetch(path: string): Promise<{ readonly status: number; readonly text: string }> {
    const [pathname = '', search] = path.split('?')
    const answer = await this.client.request({ method: 'GET', path: pathname, query: new URLSearchParams(search) })
    const chunks: Uint8Array[] = []
    if (answer.body.kind === 'bytes') chunks.push(...answer.body.chunks)
    if (answer.body.kind === 'stream') for await (const chunk of answer.body.chunks) chunks.push(chunk)
    return { status: answer.status, text: Buffer.concat(chunks).toString() }
  }

  /** Waits for an event about a pod. */
  async event(name: string, reason: string): Promise<Event> {
    let found: Event | undefined
    await eventually(async () => {
      const { items } = await this.client.list(Event, { namespace })
      found = items.find(event => event.involvedObject.name === name && event.reason === reason)
      return found !== undefined
    }, `no event ${reason} about ${name}`)
    if (!found) throw new Error('unreachable')
    return found
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopKubelet()
    await removeNodeRemains(await this.options())
    await this.runtime[Symbol.asyncDispose]()
    await this.controlPlane[Symbol.asyncDispose]()
    await rm(this.folder, { recursive: true, force: true })
  }
}

export const isReady = ({ status }: Pod): boolean =>
  status.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false

/** Waits until something holds. */
export async function eventually(holds: () => Promise<boolean> | boolean, complaint: string): Promise<void> {
  const end = Date.now() + patience
  while (Date.now() < end) {
    if (await holds()) return
    await pause(20)
  }
  throw new Error(complaint)
}

const unlessThere = (creation: Promise<unknown>): Promise<unknown> =>
  creation.catch(error => {
    if (!isAlreadyExists(error)) throw error
  })
