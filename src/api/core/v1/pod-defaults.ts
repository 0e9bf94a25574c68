import { addQuantities, formatQuantity } from '../../../machinery/quantity.js'
import type { Draft } from '../../../schema/index.js'
import type { Container, EphemeralContainer } from './container.js'
import type { PodSpec } from './pod-spec.js'
import type { Probe } from './probe.js'
import { defaultVolume } from './volume-defaults.js'

/**
 * What https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/ says of fields left out, in pods
 * and in pod templates.
 */
export function defaultPodSpec(spec: Draft<PodSpec>): void {
  spec.dnsPolicy ||= 'ClusterFirst'
  spec.restartPolicy ||= 'Always'
  spec.schedulerName ||= 'default-scheduler'
  spec.securityContext ??= {}
  spec.terminationGracePeriodSeconds ??= 30
  // Two names for one field: the older one follows.
  if (spec.serviceAccountName) spec.serviceAccount = spec.serviceAccountName
  else if (spec.serviceAccount) spec.serviceAccountName = spec.serviceAccount
  for (const container of allContainers(spec)) defaultContainer(container)
  for (const volume of spec.volumes ?? []) defaultVolume(volume)
  dropDisabledFields(spec)
}

/** Fields of features that are off, as they are upstream, are not kept. */
function dropDisabledFields(spec: Draft<PodSpec>): void {
  delete spec.schedulingGroup
  for (const { projected } of spec.volumes ?? [])
    for (const source of projected?.sources ?? []) {
      delete source.clusterTrustBundle
      delete source.podCertificate
    }
}

/** What is only filled in once there is a pod. */
export function defaultPod(spec: Draft<PodSpec>): void {
  defaultPodSpec(spec)
  spec.enableServiceLinks ??= true
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) spec.terminationGracePeriodSeconds = 1
  for (const container of allContainers(spec)) {
    const { requests, limits } = container.resources
    // A limit without a request is a request, too.
    if (limits) container.resources.requests = { ...limits, ...requests }
  }
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])])
    if (spec.hostNetwork)
      for (const port of container.ports ?? []) if (!port.hostPort) port.hostPort = port.containerPort
  defaultPodResources(spec)
}

/** What the pod as a whole asks for: as much as its containers do, or else as much as it may use. */
function defaultPodResources({ resources, containers }: Draft<PodSpec>): void {
  if (!resources?.limits) return
  const requests = { ...resources.requests }
  for (const [name, limit] of Object.entries(resources.limits)) {
    if (requests[name] !== undefined) continue
    const asked = (containers ?? []).flatMap(container => container.resources.requests?.[name] ?? [])
    requests[name] =
      asked.length > 0 ? asked.reduce((sum, amount) => formatQuantity(addQuantities(sum, amount))) : limit
  }
  resources.requests = requests
}

const allContainers = (spec: Draft<PodSpec>): Draft<Container | EphemeralContainer>[] => [
  ...(spec.initContainers ?? []),
  ...(spec.containers ?? []),
  ...(spec.ephemeralContainers ?? []),
]

function defaultContainer(container: Draft<Container>): void {
  container.imagePullPolicy ||= defaultPullPolicy(container.image ?? '')
  container.terminationMessagePath ||= '/dev/termination-log'
  container.terminationMessagePolicy ||= 'File'
  for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe])
    if (probe) defaultProbe(probe)
  for (const handler of [container.lifecycle?.postStart, container.lifecycle?.preStop])
    if (handler?.httpGet) defaultHttpGet(handler.httpGet)
  for (const { valueFrom } of container.env ?? []) if (valueFrom?.fieldRef) valueFrom.fieldRef.apiVersion ||= 'v1'
}

function defaultProbe(probe: Draft<Probe>): void {
  probe.timeoutSeconds ||= 1
  probe.periodSeconds ||= 10
  probe.successThreshold ||= 1
  probe.failureThreshold ||= 3
  if (probe.httpGet) defaultHttpGet(probe.httpGet)
  if (probe.grpc) probe.grpc.service ??= ''
}

function defaultHttpGet(get: { path?: string; scheme?: string }): void {
  get.path ||= '/'
  get.scheme ||= 'HTTP'
}

/** An image without a tag, or tagged `latest`, may change behind its name. */
export function defaultPullPolicy(image: string): string {
  if (image.includes('@')) return 'IfNotPresent'
  const tag = /:([^/:]+)$/.exec(image)?.[1]
  return tag === undefined || tag === 'latest' ? 'Always' : 'IfNotPresent'
}
