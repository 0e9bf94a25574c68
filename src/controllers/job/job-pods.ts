import { Job } from '../../api/batch/v1/index.js'
import type { Container, Pod, PodInit } from '../../api/core/v1/index.js'
import { controllerReference } from '../../client/owners.js'

export const trackingFinalizer = 'batch.kubernetes.io/job-tracking'
const indexKey = 'batch.kubernetes.io/job-completion-index'
const failureCountKey = 'batch.kubernetes.io/job-index-failure-count'
const ignoredCountKey = 'batch.kubernetes.io/job-index-ignored-failure-count'

export const isIndexed = ({ spec }: Job): boolean => spec.completionMode === 'Indexed'

/** Whether a pod is still to be counted. */
export const isTracked = ({ metadata }: Pod): boolean => metadata.finalizers?.includes(trackingFinalizer) ?? false

/** A pod's completion index; undefined if it has none that the job has. */
export function indexOf({ spec }: Job, { metadata }: Pod): number | undefined {
  const text = metadata.annotations?.[indexKey]
  if (text === undefined || !/^\d+$/.test(text)) return undefined
  const index = Number(text)
  return index < (spec.completions ?? 0) ? index : undefined
}

/** How often an index has failed: what counts, and what the job's policy has ignored. */
export interface IndexFailures {
  readonly counted: number
  readonly ignored: number
}

/** How often a pod's index had failed before it. */
export const earlierFailures = ({ metadata }: Pod): IndexFailures => ({
  counted: countIn(metadata.annotations?.[failureCountKey]),
  ignored: countIn(metadata.annotations?.[ignoredCountKey]),
})

function countIn(text: string | undefined): number {
  const count = Number(text ?? 0)
  return Number.isInteger(count) && count >= 0 ? count : 0
}

/** The pod that a job makes, for a completion index if it has them. */
export function podFor(job: Job, index?: number, failures: IndexFailures = { counted: 0, ignored: 0 }): PodInit {
  const { template, backoffLimitPerIndex } = job.spec
  const { labels, annotations, finalizers = [] } = template.metadata ?? {}
  const { namespace = '', name = '' } = job.metadata
  const perIndex = index !== undefined && backoffLimitPerIndex !== undefined
  return {
    metadata: {
      namespace,
      generateName: index === undefined ? `${name}-` : generatedName(name, index),
      labels: { ...labels, ...(index === undefined ? {} : { [indexKey]: String(index) }) },
      annotations: {
        ...annotations,
        ...(index === undefined ? {} : { [indexKey]: String(index) }),
        ...(perIndex ? { [failureCountKey]: String(failures.counted) } : {}),
        ...(perIndex && failures.ignored > 0 ? { [ignoredCountKey]: String(failures.ignored) } : {}),
      },
      finalizers: [...finalizers, trackingFinalizer],
      ownerReferences: [controllerReference(Job, job)],
    },
    spec:
      index === undefined
        ? template.spec
        : {
            ...template.spec,
            hostname: `${name}-${index}`,
            containers: template.spec.containers.map(withIndex),
            ...(template.spec.initContainers ? { initContainers: template.spec.initContainers.map(withIndex) } : {}),
          },
  }
}

/** So much of a name is kept when the server makes one of it. */
const longestBase = 58

/** The index is always told, whatever is cut off of a long name. */
function generatedName(name: string, index: number): string {
  const end = `-${index}-`
  return name.slice(0, longestBase - end.length) + end
}

const variable = 'JOB_COMPLETION_INDEX'

function withIndex(container: Container): Container {
  if (container.env?.some(({ name }) => name === variable)) return container
  const valueFrom = { fieldRef: { apiVersion: 'v1', fieldPath: `metadata.labels['${indexKey}']` } }
  return { ...container, env: [...(container.env ?? []), { name: variable, valueFrom }] }
}
