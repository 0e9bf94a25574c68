import { readFileSync } from 'node:fs'
import { Agent as HttpAgent, request as httpRequest, type RequestOptions } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { Pod } from '../api/core/v1/index.js'
import { parseDuration } from '../schema/index.js'
import type { ExtenderConfiguration, ExtenderTlsConfiguration } from './configuration/types.js'
import type { Extender } from './extender.js'
import { maximumScore, type Rejection } from './framework.js'
import type { NodeInfo } from './node-info.js'
import type { Victims } from './preemption/victims.js'

/** An extender's score is one of ten. */
const perPoint = maximumScore / 10
const defaultTimeout = '5s'
/** Answers of more bytes are refused. */
const longestAnswer = 64 << 20

/** What extenders answer; each verb has its own part of it. */
interface Answer {
  readonly nodes?: { readonly items?: readonly { readonly metadata?: { readonly name?: string } }[] } | null
  readonly nodenames?: readonly string[] | null
  readonly failedNodes?: Readonly<Record<string, string>> | null
  readonly failedAndUnresolvableNodes?: Readonly<Record<string, string>> | null
  readonly nodeNameToMetaVictims?: Readonly<
    Record<string, { readonly pods?: readonly { readonly uid?: string }[] | null; readonly numPDBViolations?: number }>
  > | null
  readonly error?: string
}

/** An extender of a configuration. Throws if its certificates cannot be read. Disposing of it closes its connections. */
export function httpExtender(configuration: ExtenderConfiguration): Extender & Disposable {
  const { urlPrefix = '', filterVerb, prioritizeVerb, preemptVerb, bindVerb, ignorable = false } = configuration
  const { nodeCacheCapable = false, weight = 1, managedResources = [] } = configuration
  const agent = agentOf(configuration)
  const timeout = Number(parseDuration(configuration.httpTimeout || defaultTimeout) / 1_000_000n)
  const managed = new Set(managedResources.map(({ name }) => name))

  async function ask<T>(verb: string, question: object): Promise<T> {
    const url = new URL(`${urlPrefix.replace(/\/+$/, '')}/${verb}`)
    if (configuration.enableHTTPS) url.protocol = 'https:'
    return (await post(url, agent, timeout, question)) as T
  }

  /** Nodes by name for those that know them, in full for the others. */
  const nodesOf = (nodes: readonly NodeInfo[]) =>
    nodeCacheCapable
      ? { nodenames: nodes.map(({ name }) => name) }
      : { nodes: { kind: 'NodeList', apiVersion: 'v1', metadata: {}, items: nodes.map(({ node }) => node) } }

  const verbs: Partial<Extender> = {
    ...(filterVerb && {
      async filter(pod, nodes) {
        const answer = await ask<Answer>(filterVerb, { pod, ...nodesOf(nodes) })
        if (answer.error) throw new Error(answer.error)
        const left = new Set(
          (nodeCacheCapable && answer.nodenames) || (answer.nodes?.items ?? []).map(({ metadata }) => metadata?.name),
        )
        const rejections = new Map<string, Rejection>()
        for (const [node, reason] of Object.entries(answer.failedNodes ?? {}))
          rejections.set(node, { reasons: [reason] })
        for (const [node, reason] of Object.entries(answer.failedAndUnresolvableNodes ?? {}))
          rejections.set(node, { reasons: [reason], unresolvable: true })
        return { nodes: nodes.filter(({ name }) => left.has(name)), rejections }
      },
    }),
    ...(prioritizeVerb && {
      async prioritize(pod, nodes) {
        const answer = await ask<readonly { readonly host: string; readonly score: number }[] | null>(prioritizeVerb, {
          pod,
          ...nodesOf(nodes),
        })
        return new Map((answer ?? []).map(({ host, score }) => [host, score * weight * perPoint]))
      },
    }),
    ...(preemptVerb && {
      async preempt(pod, victims) {
        const answer = await ask<Answer>(preemptVerb, { pod, ...victimsOf(victims, nodeCacheCapable) })
        const agreed = new Map<string, Victims>()
        for (const [node, { pods, numPDBViolations = 0 }] of Object.entries(answer.nodeNameToMetaVictims ?? {})) {
          const offered = victims.get(node)?.pods ?? []
          const chosen = (pods ?? []).map(({ uid }) => {
            const found = offered.find(({ metadata }) => metadata.uid === uid)
            if (!found) throw new Error(`extender ${urlPrefix} wants to evict an unknown pod ${uid} from node ${node}`)
            return found
          })
          agreed.set(node, { pods: chosen, violations: numPDBViolations })
        }
        return agreed
      },
    }),
    ...(bindVerb && {
      async bind({ metadata }, node) {
        const { name: podName, namespace: podNamespace, uid: podUID } = metadata
        const answer = await ask<Answer>(bindVerb, { podName, podNamespace, podUID, node })
        if (answer.error) throw new Error(answer.error)
      },
    }),
  }
  return {
    name: urlPrefix,
    ignorable,
    concerns: pod => managed.size === 0 || uses(pod, managed),
    ...verbs,
    [Symbol.dispose]: () => agent.destroy(),
  }
}

function victimsOf(victims: ReadonlyMap<string, Victims>, byName: boolean): object {
  const entries = [...victims].map(([node, { pods, violations }]) => [
    node,
    {
      pods: byName ? pods.map(({ metadata }) => ({ uid: metadata.uid })) : pods,
      numPDBViolations: violations,
    },
  ])
  return { [byName ? 'nodeNameToMetaVictims' : 'nodeNameToVictims']: Object.fromEntries(entries) }
}

/** Whether a pod asks for, or is limited in, one of the resources. */
const uses = ({ spec }: Pod, managed: ReadonlySet<string | undefined>): boolean =>
  [...spec.containers, ...(spec.initContainers ?? [])].some(({ resources }) =>
    [resources?.requests, resources?.limits].some(amounts =>
      Object.keys(amounts ?? {}).some(name => managed.has(name)),
    ),
  )

function agentOf({ urlPrefix = '', enableHTTPS, tlsConfig }: ExtenderConfiguration): HttpAgent {
  if (!enableHTTPS && !urlPrefix.startsWith('https:')) return new HttpAgent({ keepAlive: true })
  return new HttpsAgent({ keepAlive: true, ...tlsOptions(tlsConfig ?? {}, enableHTTPS === true) })
}

function tlsOptions(tls: ExtenderTlsConfiguration, trusting: boolean) {
  const pem = (data: string | undefined, file: string | undefined) =>
    data ? Buffer.from(data, 'base64').toString() : file ? readFileSync(file, 'utf8') : undefined
  const [ca, cert, key] = [pem(tls.caData, tls.caFile), pem(tls.certData, tls.certFile), pem(tls.keyData, tls.keyFile)]
  return {
    // With HTTPS turned on and no authority named, upstream takes what it is shown.
    rejectUnauthorized: !tls.insecure && (ca !== undefined || !trusting),
    ...(ca ? { ca } : {}),
    ...(cert ? { cert } : {}),
    ...(key ? { key } : {}),
    ...(tls.serverName ? { servername: tls.serverName } : {}),
  }
}

function post(url: URL, agent: HttpAgent, timeout: number, question: object): Promise<unknown> {
  const body = Buffer.from(JSON.stringify(question))
  const options: RequestOptions = {
    method: 'POST',
    agent,
    headers: { 'content-type': 'application/json', accept: 'application/json', 'content-length': body.length },
    signal: AbortSignal.timeout(timeout),
  }
  return new Promise((resolve, reject) => {
    const sent = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, options, response => {
      const chunks: Buffer[] = []
      let length = 0
      response.on('data', (chunk: Buffer) => {
        length += chunk.length
        if (length > longestAnswer) response.destroy(new Error(`${url} answers more than ${longestAnswer} bytes`))
        else chunks.push(chunk)
      })
      response.on('error', reject)
      response.on('end', () => {
        if (response.statusCode !== 200) {
          reject(new Error(`failed ${url.pathname} with extender at URL ${url}, code ${response.statusCode}`))
          return
        }
        try {
          resolve(JSON.parse(Buffer.concat(chunks).toString()))
        } catch (error) {
          reject(new Error(`extender at URL ${url} does not answer JSON`, { cause: error }))
        }
      })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}
