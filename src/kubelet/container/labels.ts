import type { Pod } from '../../api/core/v1/index.js'
import { containerHash, type PodContainer } from '../pod-containers.js'
import type { Requirements } from './linux-resources.js'

/**
 * What the node agent writes on sandboxes and containers so that it finds them again after it was killed. The names are
 * those every Kubernetes node uses, so tools that read them work, and so does exchanging one agent for another.
 */
const podName = 'io.kubernetes.pod.name'
const podNamespace = 'io.kubernetes.pod.namespace'
const podUid = 'io.kubernetes.pod.uid'
const containerName = 'io.kubernetes.container.name'
const hash = 'io.kubernetes.container.hash'
const restartCount = 'io.kubernetes.container.restartCount'
const terminationMessagePath = 'io.kubernetes.container.terminationMessagePath'
const terminationMessagePolicy = 'io.kubernetes.container.terminationMessagePolicy'
const gracePeriod = 'io.kubernetes.pod.terminationGracePeriod'
const resources = 'io.typernetes.container.resources'

type Texts = { readonly [key: string]: string }

/** Whose sandbox or container it is. */
export interface Owner {
  readonly uid: string
  readonly namespace: string
  readonly name: string
}

export const ownerOf = ({ metadata }: Pod): Owner => ({
  uid: metadata.uid ?? '',
  namespace: metadata.namespace ?? '',
  name: metadata.name ?? '',
})

export const ownerLabels = ({ uid, namespace, name }: Owner): Texts => ({
  [podName]: name,
  [podNamespace]: namespace,
  [podUid]: uid,
})

export const containerLabels = (pod: Pod, { spec }: PodContainer): Texts => ({
  ...ownerLabels(ownerOf(pod)),
  [containerName]: spec.name,
})

export const containerAnnotations = (
  pod: Pod,
  { spec }: PodContainer,
  restarts: number,
  requirements: Requirements,
): Texts => ({
  [hash]: containerHash(spec),
  [restartCount]: String(restarts),
  [terminationMessagePath]: spec.terminationMessagePath ?? '',
  [terminationMessagePolicy]: spec.terminationMessagePolicy ?? '',
  [gracePeriod]: String(pod.metadata.deletionGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30),
  [resources]: JSON.stringify({ requests: requirements.requests, limits: requirements.limits }),
})

/** Whose it is; undefined for what somebody else made. */
export function ownerFromLabels(labels: Texts | undefined): Owner | undefined {
  const uid = labels?.[podUid]
  return uid ? { uid, namespace: labels[podNamespace] ?? '', name: labels[podName] ?? '' } : undefined
}

export interface ContainerMarks {
  readonly name: string
  readonly hash: string
  readonly restartCount: number
  readonly terminationMessagePath: string
  readonly terminationMessagePolicy: string
  /** Seconds. */
  readonly gracePeriod: number
  readonly requirements?: Requirements
}

export const readMarks = (labels: Texts = {}, annotations: Texts = {}): ContainerMarks => ({
  name: labels[containerName] ?? '',
  hash: annotations[hash] ?? '',
  restartCount: count(annotations[restartCount], 0),
  terminationMessagePath: annotations[terminationMessagePath] ?? '',
  terminationMessagePolicy: annotations[terminationMessagePolicy] ?? '',
  gracePeriod: count(annotations[gracePeriod], 30),
  ...readRequirements(annotations[resources]),
})

function readRequirements(text: string | undefined): { readonly requirements?: Requirements } {
  try {
    return text ? { requirements: JSON.parse(text) as Requirements } : {}
  } catch {
    return {}
  }
}

const count = (text: string | undefined, otherwise: number): number => {
  const number = Number.parseInt(text ?? '', 10)
  return Number.isSafeInteger(number) && number >= 0 ? number : otherwise
}
