import type { IncomingMessage } from 'node:http'
import { Pod } from '../../api/core/v1/index.js'
import { forbiddenField, invalidValue } from '../../machinery/field-errors.js'
import type { ApiRequest, ApiResponse } from '../../machinery/http.js'
import { badRequest, type FieldError, invalid, StatusError } from '../../machinery/status-error.js'
import {
  type ClientUpgrade,
  handleExecUpgrade,
  handleLogUpgrade,
  handlePortForwardUpgrade,
  portForwardPorts,
} from '../../machinery/streaming/index.js'
import { integer } from '../registry/query.js'
import { isTrue } from '../request-info.js'
import { containerOf, type KubeletConnection, nodeOf } from './kubelet-connection.js'
import type { ConnectHandler, SubresourceCall } from './subresource.js'

const upgraded: ApiResponse = { status: 101, headers: {}, body: { kind: 'upgraded' } }

const podOf = async ({ registries, info }: SubresourceCall): Promise<Pod> =>
  (await registries.of(Pod).get(info.namespace, info.name)).object

function clientUpgrade({ upgrade, method, headers }: ApiRequest): ClientUpgrade | undefined {
  return upgrade && { socket: upgrade.socket, head: upgrade.head, request: { method, url: upgrade.rawUrl, headers } }
}

function requiredUpgrade(request: ApiRequest): ClientUpgrade {
  const upgrade = clientUpgrade(request)
  if (!upgrade) throw badRequest('Upgrade request required')
  return upgrade
}

/** pods/log: the kubelet's answer, passed on as it comes. */
export const podLog =
  (kubelets: KubeletConnection): ConnectHandler =>
  async call => {
    const { request } = call.context
    checkLogOptions(request.query, call.info.name)
    const pod = await podOf(call)
    const container = containerOf(pod, request.query.get('container') ?? '')
    const query = new URLSearchParams(request.query)
    query.delete('container')
    // A pod that has no node yet has no log yet.
    if (!pod.spec.nodeName) return { status: 204, headers: {}, body: { kind: 'none' } }
    const path = `/containerLogs/${pod.metadata.namespace}/${pod.metadata.name}/${container}`
    const open = (signal: AbortSignal) => kubelets.fetch(nodeOf(pod), path, query, signal)
    const upgrade = clientUpgrade(request)
    if (upgrade) {
      await handleLogUpgrade(upgrade, { open: signal => chunksOf(open(signal)) })
      return upgraded
    }
    return passOn(await open(request.signal))
  }

const timestamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[-+]\d\d:\d\d)$/

function checkLogOptions(query: URLSearchParams, name: string): void {
  const errors: FieldError[] = []
  const atLeast = (option: string, least: 0 | 1) => {
    const value = integer(query, option)
    if (value !== undefined && value < least)
      errors.push(invalidValue(option, value, `must be greater than ${least === 0 ? 'or equal to ' : ''}0`))
  }
  const since = query.get('sinceTime')
  if (since && !timestamp.test(since))
    throw badRequest(
      `parsing time ${JSON.stringify(since)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(since)} as "2006"`,
    )
  atLeast('tailLines', 0)
  atLeast('limitBytes', 1)
  if (query.has('sinceSeconds') && query.has('sinceTime'))
    errors.push(forbiddenField('[]', 'at most one of `sinceTime` or `sinceSeconds` may be specified'))
  else atLeast('sinceSeconds', 1)
  if (errors.length > 0) throw invalid({ group: '', kind: 'PodLogOptions' }, name, errors)
}

async function* chunksOf(opening: Promise<IncomingMessage>): AsyncGenerator<Uint8Array> {
  const message = await opening
  if ((message.statusCode ?? 500) >= 400) throw await refusalOf(message)
  yield* message as AsyncIterable<Buffer>
}

/** A kubelet's answer as ours; its refusals become a Status. */
async function passOn(message: IncomingMessage): Promise<ApiResponse> {
  const status = message.statusCode ?? 500
  if (status >= 400) throw await refusalOf(message)
  return {
    status,
    headers: { 'content-type': message.headers['content-type'] ?? 'text/plain' },
    body: { kind: 'stream', chunks: message as AsyncIterable<Buffer> },
  }
}

async function refusalOf(message: IncomingMessage): Promise<StatusError> {
  const chunks: Buffer[] = []
  for await (const chunk of message as AsyncIterable<Buffer>) if (chunks.length < 16) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString().trim()
  const code = message.statusCode ?? 500
  const reason = code === 404 ? 'NotFound' : code === 400 ? 'BadRequest' : 'InternalError'
  try {
    return StatusError.from(JSON.parse(text) as object, code)
  } catch {
    return new StatusError(code, reason, text || `the kubelet answered ${code}`)
  }
}

/** pods/exec and pods/attach: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/ */
export const podCommand =
  (kubelets: KubeletConnection, endpoint: 'exec' | 'attach'): ConnectHandler =>
  async call => {
    const { request } = call.context
    const pod = await podOf(call)
    const container = containerOf(pod, request.query.get('container') ?? '')
    const node = nodeOf(pod)
    const flag = (name: string, otherwise: boolean) =>
      request.query.has(name) ? isTrue(request.query.get(name)) : otherwise
    const command = {
      stdin: flag('stdin', false),
      stdout: flag('stdout', true),
      stderr: flag('stderr', true) && !flag('tty', false),
      tty: flag('tty', false),
    }
    // The kubelet has names of its own for the same parameters.
    const query = new URLSearchParams()
    if (command.stdin) query.set('input', '1')
    if (command.stdout) query.set('output', '1')
    if (command.stderr) query.set('error', '1')
    if (command.tty) query.set('tty', '1')
    const words = request.query.getAll('command')
    for (const word of words) query.append('command', word)
    const path = `/${endpoint}/${pod.metadata.namespace}/${pod.metadata.name}/${container}`
    // Where it would lead comes first: a pod without a kubelet is no matter of how the client asks.
    const backend = await kubelets.backend(node, path, query)
    const upgrade = requiredUpgrade(request)
    if (endpoint === 'exec' && words.length === 0)
      throw badRequest('you must specify at least one command for the container')
    await handleExecUpgrade(upgrade, { backend, command, signal: request.signal })
    return upgraded
  }

/** pods/portforward. */
export const podPortForward =
  (kubelets: KubeletConnection): ConnectHandler =>
  async call => {
    const { request } = call.context
    const pod = await podOf(call)
    const node = nodeOf(pod)
    const path = `/portForward/${pod.metadata.namespace}/${pod.metadata.name}`
    const backend = await kubelets.backend(node, path, new URLSearchParams())
    const upgrade = requiredUpgrade(request)
    await handlePortForwardUpgrade(upgrade, {
      backend,
      ports: portForwardPorts(request.query),
      signal: request.signal,
    })
    return upgraded
  }
