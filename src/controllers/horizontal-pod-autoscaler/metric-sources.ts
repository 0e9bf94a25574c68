import type { CrossVersionObjectReference, MetricIdentifier } from '../../api/autoscaling/v2/index.js'
import { PodMetrics as PodMetricsKind } from '../../api/metrics/v1beta1/index.js'
import { answerOf, type ServedApi } from '../../client/discovery.js'
import { type Client, pathOf } from '../../client/index.js'
import { groupOf } from '../../client/owners.js'
import { selectorFromObject } from '../../machinery/labels.js'
import { messageOf } from '../../machinery/message-of.js'
import { milliValue } from '../../machinery/quantity.js'
import { StatusError } from '../../machinery/status-error.js'
import { parseDuration } from '../../schema/index.js'
import type { PodMetric, PodMetrics } from './pod-groups.js'

/** Where metrics come from. All throw what keeps them from being had. */
export interface MetricSources {
  /** What pods use of a resource, or one container of each. */
  readonly resource: (pods: PodSelection, resource: string, container?: string) => Promise<PodMetrics>
  /** A metric of pods' own. */
  readonly pods: (pods: PodSelection, metric: MetricIdentifier) => Promise<PodMetrics>
  /** A metric of an object, in thousandths. */
  readonly object: (namespace: string, object: CrossVersionObjectReference, metric: MetricIdentifier) => Promise<number>
  /** A metric of something outside the cluster, in thousandths: the sum of all series. */
  readonly external: (namespace: string, metric: MetricIdentifier) => Promise<number>
}

export interface PodSelection {
  readonly namespace: string
  /** As text. */
  readonly selector: string
}

const customGroup = 'custom.metrics.k8s.io'
const externalGroup = 'external.metrics.k8s.io'
/** The window of a metric that names none, in milliseconds. */
const defaultWindow = 60_000

/** Asks `metrics.k8s.io`, `custom.metrics.k8s.io` and `external.metrics.k8s.io`. */
export function metricSources(client: Client, served: () => Promise<ServedApi>, signal: AbortSignal): MetricSources {
  /** `what` is the resource asked for, as messages name it. */
  const ask = async <T>(path: string, query: { readonly [name: string]: string }, what: string): Promise<T> => {
    const response = await client.request({ method: 'GET', path, query: new URLSearchParams(query), signal })
    const answer = (await answerOf(response)) ?? {}
    if (response.status < 400) return answer as T
    // Nobody serves it, and says so in no particular words.
    if (response.status === 404 && !(answer as { reason?: string }).reason)
      throw new Error(`the server could not find the requested resource (get ${what})`)
    throw StatusError.from(answer, response.status)
  }
  const askCustom = async (
    path: string,
    { name, selector }: MetricIdentifier,
    query: { readonly [name: string]: string } = {},
  ): Promise<readonly MetricValue[]> => {
    const version = customVersion(await served())
    const metricLabelSelector = selector ? selectorFromObject(selector).toString() : ''
    const { items = [] } = await ask<{ readonly items?: readonly MetricValue[] }>(
      `/apis/${customGroup}/${version}${path}/${encodeURIComponent(name)}`,
      { ...query, ...(metricLabelSelector ? { metricLabelSelector } : {}) },
      `${name}.${customGroup}`,
    )
    return items
  }
  return {
    resource: (pods, resource, container) =>
      failingAs('unable to fetch metrics from resource metrics API', async () => {
        const { items } = await ask<{ readonly items: readonly PodMetricsKind[] | null }>(
          pathOf(PodMetricsKind, pods.namespace),
          { labelSelector: pods.selector },
          'pods.metrics.k8s.io',
        )
        return items ?? []
      }).then(items => {
        if (items.length === 0) throw new Error('no metrics returned from resource metrics API')
        return resourceMetrics(items, resource, container)
      }),
    pods: (pods, metric) =>
      failingAs('unable to fetch metrics from custom metrics API', () =>
        askCustom(`${within(pods.namespace)}/pods/*`, metric, { labelSelector: pods.selector }),
      ).then(items => {
        if (items.length === 0) throw new Error('no metrics returned from custom metrics API')
        return new Map(items.map(item => [item.describedObject.name ?? '', podMetric(item)]))
      }),
    object: (namespace, object, metric) =>
      failingAs('unable to fetch metrics from custom metrics API', async () => {
        const path = await objectPath(served, namespace, object)
        const items = await askCustom(path, metric)
        const [only] = items
        if (!only || items.length !== 1)
          throw new Error(
            `the custom metrics API server returned ${items.length} results when we asked for exactly one`,
          )
        return milliValue(only.value)
      }),
    external: (namespace, { name, selector }) =>
      failingAs('unable to fetch metrics from external metrics API', async () => {
        const { items = [] } = await ask<{ readonly items?: readonly { readonly value: string }[] }>(
          `/apis/${externalGroup}/v1beta1${within(namespace)}/${encodeURIComponent(name)}`,
          { labelSelector: selector ? selectorFromObject(selector).toString() : '' },
          `${name}.${externalGroup}`,
        )
        return items
      }).then(items => {
        if (items.length === 0) throw new Error('no metrics returned from external metrics API')
        return items.reduce((sum, { value }) => sum + milliValue(value), 0)
      }),
  }
}

interface MetricValue {
  readonly describedObject: { readonly name?: string }
  readonly timestamp?: string
  readonly windowSeconds?: number
  /** In v1beta1, beside what v1beta2 has. */
  readonly window?: number
  readonly value: string
}

async function failingAs<T>(what: string, task: () => Promise<T>): Promise<T> {
  try {
    return await task()
  } catch (error) {
    throw new Error(`${what}: ${messageOf(error)}`, { cause: error })
  }
}

const within = (namespace: string): string => `/namespaces/${encodeURIComponent(namespace)}`

const podMetric = ({ value, timestamp, windowSeconds, window }: MetricValue): PodMetric => {
  const seconds = windowSeconds ?? window
  return {
    value: milliValue(value),
    time: Date.parse(timestamp ?? '') || 0,
    window: seconds === undefined ? defaultWindow : seconds * 1000,
  }
}

/** The newest version that is served. */
function customVersion({ resources }: ServedApi): string {
  const served = new Set(
    resources.filter(({ kind: { gvk } }) => gvk.group === customGroup).map(({ kind: { gvk } }) => gvk.version),
  )
  const version = ['v1beta2', 'v1beta1'].find(version => served.has(version))
  if (!version) throw new Error(`no custom metrics API (${customGroup}) registered`)
  return version
}

async function objectPath(
  served: () => Promise<ServedApi>,
  namespace: string,
  { apiVersion = '', kind, name }: CrossVersionObjectReference,
): Promise<string> {
  const group = groupOf(apiVersion)
  // A namespace's metrics are told as those of what is in it.
  if (kind === 'Namespace' && group === '') return `/namespaces/${encodeURIComponent(name)}/metrics`
  const { resources } = await served()
  const found = resources.find(({ kind: { gvk } }) => gvk.group === group && gvk.kind === kind)
  if (!found)
    throw new Error(
      `unable to map kind to resource: no matches for kind ${JSON.stringify(kind)} in group ${JSON.stringify(group)}`,
    )
  const { plural, namespaced } = found.kind
  const resource = group ? `${plural}.${group}` : plural
  return `${namespaced ? within(namespace) : ''}/${resource}/${encodeURIComponent(name)}`
}

/** What pods use of a resource; pods of which a container does not tell are left out. */
function resourceMetrics(
  items: readonly PodMetricsKind[],
  resource: string,
  container?: string,
): Map<string, PodMetric> {
  const metrics = new Map<string, PodMetric>()
  for (const { metadata, containers, timestamp, window } of items) {
    const counted = container === undefined ? containers : containers.filter(({ name }) => name === container)
    if (container !== undefined && counted.length === 0)
      throw new Error(
        `failed to get container metrics: container ${container} not present in metrics for pod ${metadata.namespace}/${metadata.name}`,
      )
    const values = counted.flatMap(({ usage }) => usage[resource] ?? [])
    if (values.length === 0 || values.length < counted.length) continue
    metrics.set(metadata.name ?? '', {
      value: values.reduce((sum, value) => sum + milliValue(value), 0),
      time: Date.parse(timestamp),
      window: Number(parseDuration(window) / 1_000_000n),
    })
  }
  return metrics
}
