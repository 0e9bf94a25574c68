import type { RequestListener } from 'node:http'
import { badRequest, StatusError } from '../status-error.js'
import { type ClientUpgrade, refuse } from './client-upgrade.js'
import type { RemoteCommand } from './remote-command.js'
import { createTestCertificates } from './test-certificates.js'
import { startUpgradeServer } from './test-upgrade-server.js'
import { handleExecUpgrade, handlePortForwardUpgrade, portForwardPorts } from './upgrade-handlers.js'
import { handleProxyUpgrade, type UpgradeBackend } from './upgrade-proxy.js'

/** What of a container runtime streaming needs: each function answers the address at which the runtime streams. */
export interface StreamingRuntime {
  exec(container: string, command: readonly string[], streams: RemoteCommand): Promise<string>
  attach(container: string, streams: RemoteCommand): Promise<string>
  portForward(): Promise<string>
}

export interface TestCluster extends AsyncDisposable {
  /** Of the API server. */
  readonly url: string
  /** What it proves itself with, PEM. */
  readonly ca: string
  /** Upgraded connections that are not over yet, at the API server and at the kubelet. */
  openSessions(): number
}

/**
 * For tests: the least of an API server, with a pod `box` in it, and of a kubelet that lets kubectl exec, attach, copy and
 * forward ports. The first container is the one taken if none is named.
 */
export async function startTestCluster(containers: readonly string[], runtime: StreamingRuntime): Promise<TestCluster> {
  const { server, client } = await createTestCertificates()
  const kubelet = await startUpgradeServer(upgrade => kubeletUpgrade(upgrade, containers, runtime), {
    tls: { ...server, requestCert: true, rejectUnauthorized: true },
  })
  const backend = { url: new URL(kubelet.url), tls: client }
  const onRequest = answerPods(containers)
  const api = await startUpgradeServer(upgrade => apiUpgrade(upgrade, backend), { onRequest, tls: server })
  return {
    url: api.url,
    ca: server.ca,
    openSessions: () => api.openSessions() + kubelet.openSessions(),
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]()
      await kubelet[Symbol.asyncDispose]()
    },
  }
}

const flag = (query: URLSearchParams, name: string): boolean => /^(1|true)$/i.test(query.get(name) ?? '')

const streamsOf = (query: URLSearchParams): RemoteCommand => ({
  stdin: flag(query, 'stdin'),
  stdout: flag(query, 'stdout'),
  stderr: flag(query, 'stderr'),
  tty: flag(query, 'tty'),
})

async function kubeletUpgrade(
  upgrade: ClientUpgrade,
  containers: readonly string[],
  runtime: StreamingRuntime,
): Promise<void> {
  const { pathname, searchParams: query } = new URL(upgrade.request.url ?? '/', 'http://kubelet')
  const container = query.get('container') ?? containers[0] ?? ''
  const asked = streamsOf(query)
  const streams = { ...asked, stderr: asked.stderr && !asked.tty }
  try {
    if (!containers.includes(container)) {
      throw new StatusError(404, 'NotFound', `container not found ("${container}")`)
    }
    const url =
      pathname === '/exec'
        ? await runtime.exec(container, query.getAll('command'), streams)
        : pathname === '/attach'
          ? await runtime.attach(container, streams)
          : await runtime.portForward()
    await handleProxyUpgrade(upgrade, { url: new URL(url) })
  } catch (error) {
    refuse(upgrade, error instanceof StatusError ? error : badRequest(String(error)))
  }
}

async function apiUpgrade(upgrade: ClientUpgrade, kubelet: UpgradeBackend): Promise<void> {
  const { pathname, searchParams: query } = new URL(upgrade.request.url ?? '/', 'http://api')
  const action = pathname.split('/').at(-1)
  const backend = { ...kubelet, url: new URL(`${action}?${query}`, kubelet.url) }
  if (action === 'portforward') {
    return handlePortForwardUpgrade(upgrade, { backend, ports: portForwardPorts(query) })
  }
  return handleExecUpgrade(upgrade, { backend, command: streamsOf(query) })
}

const resource = (name: string, kind: string) => ({
  name,
  kind,
  singularName: '',
  namespaced: true,
  verbs: ['get', 'create'],
})
const pod = (containers: readonly string[]) => ({
  kind: 'Pod',
  apiVersion: 'v1',
  metadata: { name: 'box', namespace: 'default', uid: 'box', resourceVersion: '1' },
  spec: {
    nodeName: 'node',
    containers: containers.map(name => ({ name, image: 'busybox', stdin: true })),
  },
  status: { phase: 'Running', podIP: '127.0.0.1' },
})
const documents = (containers: readonly string[]): { readonly [path: string]: unknown } => ({
  '/api': { kind: 'APIVersions', versions: ['v1'] },
  '/apis': { kind: 'APIGroupList', apiVersion: 'v1', groups: [] },
  '/api/v1': {
    kind: 'APIResourceList',
    groupVersion: 'v1',
    resources: [
      resource('pods', 'Pod'),
      ...['exec', 'attach', 'portforward'].map(name => resource(`pods/${name}`, 'Pod')),
    ],
  },
  '/api/v1/namespaces/default/pods/box': pod(containers),
})

const answerPods =
  (containers: readonly string[]): RequestListener =>
  (request, response) => {
    const found = documents(containers)[(request.url ?? '').split('?')[0] ?? '']
    const body = found ?? { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404 }
    response.writeHead(found ? 200 : 404, { 'Content-Type': 'application/json' })
    response.end(JSON.stringify(body))
  }
