import type { Pod } from '../../api/core/v1/index.js'
import type { Clock } from '../../machinery/clock.js'
import { handleProxyUpgrade } from '../../machinery/streaming/index.js'
import { logPath } from '../container/container-config.js'
import type { FolderWatches } from '../logs/folder-watches.js'
import { readLog } from '../logs/read-log.js'
import { podLogFolder } from '../node-context.js'
import type { CriClient } from '../runtime/cri-client.js'
import type { Route, ServerAnswer, ServerRequest } from './kubelet-server.js'
import { logQuery } from './log-query.js'
import { findPod, loggedContainer, type PodLookup, runningContainer, runningSandbox } from './pod-lookup.js'
import { ServerError } from './server-error.js'

export interface RouteContext extends PodLookup {
  readonly cri: CriClient
  readonly clock: Clock
  readonly logFolder: string
  readonly watches: FolderWatches
  /** Calls back whenever something of a pod has changed. */
  readonly onChange: (uid: string, changed: () => void) => Disposable
  /** `brief`: CPU and memory alone. */
  readonly summary: (brief: boolean) => Promise<unknown>
  readonly resourceMetrics: () => Promise<string>
  readonly containerMetrics: () => Promise<string>
  readonly probeMetrics: () => string
  readonly configz: () => unknown
  readonly metrics: () => Promise<string>
}

const json = (value: unknown): ServerAnswer => ({ type: 'application/json', body: JSON.stringify(value) })
const text = (body: string): ServerAnswer => ({ type: 'text/plain; version=0.0.4; charset=utf-8', body })
const get = ['GET', 'HEAD']
const getAndPost = ['GET', 'POST']

/** What a node answers to the API server, and to who collects its figures. */
export function routes(context: RouteContext): readonly Route[] {
  const ok = async () => text('ok')
  return [
    { path: 'healthz', methods: get, access: 'public', handle: ok },
    {
      path: 'pods',
      methods: get,
      access: ['pods', 'proxy'],
      handle: async () => json(podList(context.pods())),
    },
    {
      path: 'runningpods',
      methods: get,
      access: ['pods', 'proxy'],
      handle: async () =>
        json(
          podList(context.pods().filter(pod => context.observed(pod.metadata.uid ?? '').sandboxes.some(s => s.ready))),
        ),
    },
    { path: 'configz', methods: get, access: ['configz', 'proxy'], handle: async () => json(context.configz()) },
    { path: 'containerLogs', methods: get, access: ['proxy'], handle: request => containerLogs(context, request) },
    { path: 'exec', methods: getAndPost, access: ['proxy'], handle: request => exec(context, request) },
    { path: 'attach', methods: getAndPost, access: ['proxy'], handle: request => attach(context, request) },
    { path: 'portForward', methods: getAndPost, access: ['proxy'], handle: request => portForward(context, request) },
    { path: 'run', methods: ['POST'], access: ['proxy'], handle: request => run(context, request) },
    {
      path: 'stats/summary',
      methods: get,
      access: ['stats', 'proxy'],
      handle: async ({ query }) => json(await context.summary(flag(query, 'only_cpu_and_memory'))),
    },
    {
      path: 'metrics/resource',
      methods: get,
      access: ['metrics', 'proxy'],
      handle: async () => text(await context.resourceMetrics()),
    },
    {
      path: 'metrics/cadvisor',
      methods: get,
      access: ['metrics', 'proxy'],
      handle: async () => text(await context.containerMetrics()),
    },
    {
      path: 'metrics/probes',
      methods: get,
      access: ['metrics', 'proxy'],
      handle: async () => text(context.probeMetrics()),
    },
    { path: 'metrics', methods: get, access: ['metrics', 'proxy'], handle: async () => text(await context.metrics()) },
  ]
}

const podList = (items: readonly Pod[]) => ({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items })

async function containerLogs(context: RouteContext, { params, query, signal }: ServerRequest): Promise<ServerAnswer> {
  const [namespace = '', name = '', container = ''] = params
  const { previous, ...options } = logQuery(query, context.clock.now())
  const pod = findPod(context, namespace, name)
  const record = loggedContainer(context, pod, container, previous)
  const uid = pod.metadata.uid ?? ''
  const isRunning = () =>
    context.observed(uid).containers.some(({ id, state }) => id === record.id && state === 'running')
  const source = {
    path: `${podLogFolder(context, pod)}/${logPath(container, record.restartCount)}`,
    watches: context.watches,
    isOpen: isRunning,
    onChange: (changed: () => void) => context.onChange(uid, changed),
    clock: context.clock,
    signal,
  }
  return { type: 'text/plain', body: readLog(source, options) }
}

const flag = (query: URLSearchParams, name: string): boolean => /^(?:true|1|t)$/i.test(query.get(name) ?? '')

/** Which of a process' streams are wanted. */
function streams(query: URLSearchParams) {
  const tty = flag(query, 'tty')
  const wanted = {
    stdin: flag(query, 'input'),
    stdout: flag(query, 'output'),
    stderr: flag(query, 'error') && !tty,
    tty,
  }
  if (!wanted.stdin && !wanted.stdout && !wanted.stderr)
    throw new ServerError(400, 'you must specify at least 1 of stdin, stdout, stderr')
  return wanted
}

/** `/exec/namespace/pod[/uid]/container` */
function locate(context: RouteContext, params: readonly string[]) {
  const [namespace = '', name = ''] = params
  const container = params.at(-1) ?? ''
  const pod = findPod(context, namespace, name, params.length > 3 ? params[2] : undefined)
  return runningContainer(context, pod, container)
}

async function exec(context: RouteContext, request: ServerRequest): Promise<ServerAnswer> {
  const { id } = locate(context, request.params)
  const cmd = request.query.getAll('command')
  const { url } = await context.cri.exec({ containerId: id, cmd, ...streams(request.query) })
  return passOn(request, url)
}

async function attach(context: RouteContext, request: ServerRequest): Promise<ServerAnswer> {
  const { id } = locate(context, request.params)
  const { url } = await context.cri.attach({ containerId: id, ...streams(request.query) })
  return passOn(request, url)
}

/** `/portForward/namespace/pod[/uid]` */
async function portForward(context: RouteContext, request: ServerRequest): Promise<ServerAnswer> {
  const [namespace = '', name = '', uid] = request.params
  const { id } = runningSandbox(context, findPod(context, namespace, name, uid))
  const ports = request.query.getAll('port').map(Number)
  if (ports.some(port => !Number.isInteger(port) || port < 1 || port > 65_535))
    throw new ServerError(400, 'invalid port')
  const { url } = await context.cri.portForward({ podSandboxId: id, port: ports })
  return passOn(request, url)
}

/** Joins the client to the runtime's own streaming server. */
function passOn({ upgrade, message, signal }: ServerRequest, url: string): ServerAnswer {
  if (!upgrade) throw new ServerError(400, 'Upgrade request required')
  void handleProxyUpgrade({ ...upgrade, request: message }, { url: new URL(url) }, { signal })
  return 'upgraded'
}

async function run(context: RouteContext, { params, query, signal }: ServerRequest): Promise<ServerAnswer> {
  const { id } = locate(context, params)
  const cmd = (query.get('cmd') ?? '').split(' ').filter(Boolean)
  if (cmd.length === 0) throw new ServerError(400, 'query parameter "cmd" is required')
  const { stdout, stderr, exitCode } = await context.cri.execSync({ containerId: id, cmd }, { signal })
  const output = Buffer.concat([stdout ?? new Uint8Array(), stderr ?? new Uint8Array()])
  if (exitCode !== 0) throw new ServerError(500, `command '${cmd.join(' ')}' exited with ${exitCode}: ${output}`)
  return { type: 'text/plain', body: output }
}
