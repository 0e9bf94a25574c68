import { Node } from '../api/core/v1/index.js'
import { answerText } from '../client/discovery.js'
import { type Client, type Controller, controller, pathOf } from '../client/index.js'
import type { Clock } from '../machinery/clock.js'
import { type NodeSample, parseResourceMetrics } from './resource-metrics-text.js'

export interface ScrapeOptions {
  /** Milliseconds from one scrape of a node to the next. */
  readonly period: number
  /** Milliseconds from the first scrape of a node to the second, before which there is nothing to tell. */
  readonly firstPeriod: number
  /** How long a node may take to answer, in milliseconds. */
  readonly timeout: number
  readonly taken: (nodeName: string, sample: NodeSample) => void
  readonly forget: (nodeName: string) => void
  /** Told when a node does not answer, once until it answers again. */
  readonly onError: (error: unknown) => void
}

/** Asks each ready node that has a kubelet what it uses, again and again; some at the same time, never all. */
export function nodeScraper(options: ScrapeOptions): Controller {
  const { period, firstPeriod } = options
  const scrapes = new Map<string, { at: number; failing: boolean }>()
  return controller({
    name: 'node-metrics',
    watches: { for: Node },
    concurrency: 16,
    async reconcile({ name }, context) {
      const node = context.get(Node, { name })
      if (!node || !isReady(node) || !hasKubelet(node)) {
        scrapes.delete(name)
        if (!node) options.forget(name)
        return undefined
      }
      const last = scrapes.get(name)
      // Every change of the node brings its key: the time has not come yet.
      const wait = last ? last.at - context.clock.now() : 0
      if (wait > 0) return { after: wait }
      const next = { at: context.clock.now() + (last ? period : firstPeriod), failing: last?.failing ?? false }
      scrapes.set(name, next)
      try {
        options.taken(name, await scrape(name, context.client, context.clock, options.timeout, context.signal))
        next.failing = false
      } catch (error) {
        if (context.signal.aborted) return undefined
        if (!next.failing) options.onError(new Error(`the figures of node ${name} cannot be had`, { cause: error }))
        next.failing = true
      }
      return { after: Math.max(1, next.at - context.clock.now()) }
    },
  })
}

const isReady = ({ status }: Node): boolean =>
  status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false

/** Nodes that are only simulated have none. */
const hasKubelet = ({ status }: Node): boolean => (status.daemonEndpoints?.kubeletEndpoint?.Port ?? 0) > 0

async function scrape(
  nodeName: string,
  client: Client,
  clock: Clock,
  timeout: number,
  stopping: AbortSignal,
): Promise<NodeSample> {
  const late = new AbortController()
  using _timer = clock.after(timeout, () => late.abort(new Error(`no answer within ${timeout / 1000} s`)))
  const response = await client.request({
    method: 'GET',
    path: `${pathOf(Node, undefined, nodeName)}/proxy/metrics/resource`,
    headers: { accept: 'text/plain' },
    signal: AbortSignal.any([stopping, late.signal]),
  })
  const text = await answerText(response)
  if (response.status !== 200) throw new Error(`${response.status}: ${text.slice(0, 500)}`)
  return parseResourceMetrics(text, clock.now())
}
