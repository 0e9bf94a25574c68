import type { MetricSpec, MetricStatus, MetricTarget, MetricValueStatus } from '../../api/autoscaling/v2/index.js'
import { messageOf } from '../../machinery/message-of.js'
import type { LabelSelector } from '../../machinery/meta/index.js'
import { formatQuantity, milliQuantity, milliValue } from '../../machinery/quantity.js'
import type { MetricSources, PodSelection } from './metric-sources.js'
import {
  type MeasuredPods,
  type Proposal,
  replicasForAverage,
  replicasForShare,
  replicasForUtilization,
  replicasForValue,
} from './replica-calculator.js'
import { selectorText } from './selector-text.js'

/** A metric cannot be told. `reason` is that of the condition and the event; `detail` what they say. */
export class MetricFailure extends Error {
  constructor(
    readonly reason: string,
    readonly detail: string,
    /** What the failure of all metrics says of this one. */
    message: string,
  ) {
    super(message)
  }
}

export interface EvaluatedMetric {
  readonly replicas: number
  /** As the reason of a change names it. */
  readonly name: string
  readonly status: MetricStatus
}

/** What is scaled. */
export interface Target extends Omit<MeasuredPods, 'metrics'> {
  readonly selection: PodSelection
  /** The replicas there are. */
  readonly present: number
}

/** What a metric asks for. Throws `MetricFailure`. */
export async function evaluateMetric(
  spec: MetricSpec,
  target: Target,
  sources: MetricSources,
): Promise<EvaluatedMetric> {
  switch (spec.type) {
    case 'Resource':
      return evaluateResource(spec, target, sources)
    case 'ContainerResource':
      return evaluateContainerResource(spec, target, sources)
    case 'Pods':
      return evaluatePods(spec, target, sources)
    case 'Object':
      return evaluateObject(spec, target, sources)
    case 'External':
      return evaluateExternal(spec, target, sources)
    default: {
      const message = `unknown metric source type ${JSON.stringify(spec.type)}`
      throw new MetricFailure('InvalidMetricSourceType', message, message)
    }
  }
}

const value = (milli: number): string => formatQuantity(milliQuantity(Math.trunc(milli)))

const averages = ({ usage, utilization }: Proposal): MetricValueStatus => ({
  averageValue: value(usage),
  ...(utilization === undefined ? {} : { averageUtilization: utilization }),
})

async function evaluateResource({ resource }: MetricSpec, target: Target, sources: MetricSources) {
  const { name = '', target: wanted } = resource ?? {}
  try {
    const proposal = await resourceProposal(name, wanted, target, sources)
    return {
      replicas: proposal.replicas,
      name: `${name} resource${proposal.utilization === undefined ? '' : ' utilization (percentage of request)'}`,
      status: { type: 'Resource', resource: { name, current: averages(proposal) } },
    }
  } catch (error) {
    const detail = messageOf(error)
    throw new MetricFailure('FailedGetResourceMetric', detail, `failed to get ${name} resource metric value: ${detail}`)
  }
}

async function evaluateContainerResource({ containerResource }: MetricSpec, target: Target, sources: MetricSources) {
  const { name = '', container = '', target: wanted } = containerResource ?? {}
  try {
    const proposal = await resourceProposal(name, wanted, target, sources, container)
    const ofUtilization = `${name} container resource utilization (percentage of request)`
    return {
      replicas: proposal.replicas,
      name: proposal.utilization === undefined ? `${name} resource` : ofUtilization,
      status: { type: 'ContainerResource', containerResource: { name, container, current: averages(proposal) } },
    }
  } catch (error) {
    const detail = messageOf(error)
    const message = `failed to get ${container} container metric value: ${detail}`
    throw new MetricFailure('FailedGetContainerResourceMetric', detail, message)
  }
}

async function resourceProposal(
  resource: string,
  wanted: MetricTarget | undefined,
  target: Target,
  sources: MetricSources,
  container?: string,
): Promise<Proposal> {
  const { averageValue, averageUtilization } = wanted ?? {}
  if (averageValue === undefined && averageUtilization === undefined)
    throw new Error(
      'invalid resource metric source: neither an average utilization target nor an average value (usage) target was set',
    )
  try {
    const metrics = await sources.resource(target.selection, resource, container).catch(error => {
      throw new Error(`unable to get metrics for resource ${resource}: ${messageOf(error)}`)
    })
    const measured = { ...target, metrics }
    return averageValue === undefined
      ? replicasForUtilization(measured, resource, averageUtilization ?? 0, container)
      : replicasForAverage(measured, milliValue(averageValue), resource)
  } catch (error) {
    throw new Error(
      `failed to get ${resource} ${averageValue === undefined ? 'utilization' : 'usage'}: ${messageOf(error)}`,
    )
  }
}

async function evaluatePods({ pods }: MetricSpec, target: Target, sources: MetricSources) {
  const { metric = { name: '' }, target: wanted } = pods ?? {}
  try {
    const metrics = await sources.pods(target.selection, metric).catch(error => {
      throw new Error(`unable to get metric ${metric.name}: ${messageOf(error)}`)
    })
    const proposal = replicasForAverage({ ...target, metrics }, milliValue(wanted?.averageValue ?? '0'))
    return {
      replicas: proposal.replicas,
      name: `pods metric ${metric.name}`,
      status: { type: 'Pods', pods: { metric, current: averages(proposal) } },
    }
  } catch (error) {
    const detail = messageOf(error)
    throw new MetricFailure('FailedGetPodsMetric', detail, `failed to get pods metric value: ${detail}`)
  }
}

async function evaluateObject({ object }: MetricSpec, target: Target, sources: MetricSources) {
  const { metric = { name: '' }, describedObject = { kind: '', name: '' }, target: wanted } = object ?? {}
  const { namespace } = target.selection
  const usageOf = () =>
    sources.object(namespace, describedObject, metric).catch(error => {
      // In the order in which upstream says it.
      const on = `${describedObject.kind} on ${namespace} ${describedObject.name}/${messageOf(error)}`
      throw new Error(`unable to get metric ${metric.name}: ${on}`)
    })
  const status = (current: MetricValueStatus): MetricStatus => ({
    type: 'Object',
    object: { metric, describedObject, current },
  })
  let average = false
  try {
    if (wanted?.type === 'Value' && wanted.value !== undefined) {
      const { replicas, usage } = replicasForValue(await usageOf(), milliValue(wanted.value), target)
      return {
        replicas,
        name: `${describedObject.kind} metric ${metric.name}`,
        status: status({ value: value(usage) }),
      }
    }
    if (wanted?.type === 'AverageValue' && wanted.averageValue !== undefined) {
      average = true
      const { replicas, usage } = replicasForShare(await usageOf(), milliValue(wanted.averageValue), target)
      return { replicas, name: externalName(metric), status: status({ averageValue: value(usage) }) }
    }
    throw new Error('invalid object metric source: neither a value target nor an average value target was set')
  } catch (error) {
    const detail = messageOf(error)
    const message = average ? `failed to get ${metric.name} object metric: ${detail}` : detail
    throw new MetricFailure('FailedGetObjectMetric', detail, `failed to get object metric value: ${message}`)
  }
}

async function evaluateExternal({ external }: MetricSpec, target: Target, sources: MetricSources) {
  const { metric = { name: '' }, target: wanted } = external ?? {}
  const { namespace } = target.selection
  const usageOf = () =>
    sources.external(namespace, metric).catch(error => {
      const what = `${namespace}/${metric.name}/${selectorText(metric.selector)}`
      throw new Error(`unable to get external metric ${what}: ${messageOf(error)}`)
    })
  const status = (current: MetricValueStatus): MetricStatus => ({ type: 'External', external: { metric, current } })
  let prefix = ''
  try {
    if (wanted?.averageValue !== undefined) {
      prefix = `failed to get ${metric.name} external metric: `
      const { replicas, usage } = replicasForShare(await usageOf(), milliValue(wanted.averageValue), target)
      return { replicas, name: externalName(metric), status: status({ averageValue: value(usage) }) }
    }
    if (wanted?.value !== undefined) {
      prefix = `failed to get external metric ${metric.name}: `
      const { replicas, usage } = replicasForValue(await usageOf(), milliValue(wanted.value), target)
      return { replicas, name: externalName(metric), status: status({ value: value(usage) }) }
    }
    throw new Error('invalid external metric source: neither a value target nor an average value target was set')
  } catch (error) {
    const detail = messageOf(error)
    const message = `failed to get ${metric.name} external metric value: ${prefix}${detail}`
    throw new MetricFailure('FailedGetExternalMetric', detail, message)
  }
}

const externalName = ({ name, selector }: { readonly name: string; readonly selector?: LabelSelector }): string =>
  `external metric ${name}(${selectorText(selector)})`
