import type { Draft } from '../../../schema/index.js'
import type { Container } from './container.js'
import type { PodSpec } from './pod-spec.js'
import type { Probe } from './probe.js'

/** What https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/ says of fields left out. */
export function defaultPodSpec(spec: Draft<PodSpec>): void {
  spec.dnsPolicy ||= 'ClusterFirst'
  spec.restartPolicy ||= 'Always'
  spec.schedulerName ||= 'default-scheduler'
  spec.securityContext ??= {}
  spec.terminationGracePeriodSeconds ??= 30
  spec.enableServiceLinks ??= true
  // Two names for one field: the older one follows.
  if (spec.serviceAccountName) spec.serviceAccount = spec.serviceAccountName
  else if (spec.serviceAccount) spec.serviceAccountName = spec.serviceAccount
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) {
    defaultContainer(container)
    if (spec.hostNetwork)
      for (const port of container.ports ?? []) if (!port.hostPort) port.hostPort = port.containerPort
  }
  for (const container of spec.ephemeralContainers ?? []) defaultContainer(container as Draft<Container>)
  for (const volume of spec.volumes ?? []) {
    for (const source of [volume.configMap, volume.secret, volume.downwardAPI, volume.projected])
      if (source) source.defaultMode ??= 0o644
    if (volume.hostPath) volume.hostPath.type ??= ''
    if (volume.iscsi) volume.iscsi.iscsiInterface ||= 'default'
    if (volume.rbd) {
      volume.rbd.pool ||= 'rbd'
      volume.rbd.user ||= 'admin'
      volume.rbd.keyring ||= '/etc/ceph/keyring'
    }
    if (volume.ephemeral?.volumeClaimTemplate?.spec)
      volume.ephemeral.volumeClaimTemplate.spec.volumeMode ??= 'Filesystem'
    for (const item of [
      ...(volume.downwardAPI?.items ?? []),
      ...(volume.projected?.sources ?? []).flatMap(source => source.downwardAPI?.items ?? []),
    ])
      if (item.fieldRef) item.fieldRef.apiVersion ||= 'v1'
    for (const source of volume.projected?.sources ?? [])
      if (source.serviceAccountToken) source.serviceAccountToken.expirationSeconds ??= 3600
    if (onlyKey(volume, 'name')) volume.emptyDir = {}
  }
}

const onlyKey = (value: object, key: string): boolean => Object.keys(value).every(name => name === key)

function defaultContainer(container: Draft<Container>): void {
  container.imagePullPolicy ||= pullPolicyOf(container.image ?? '')
  container.terminationMessagePath ||= '/dev/termination-log'
  container.terminationMessagePolicy ||= 'File'
  container.resources ??= {}
  const { requests, limits } = container.resources
  // A limit without a request is a request, too.
  if (limits) container.resources.requests = { ...limits, ...requests }
  for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe])
    if (probe) defaultProbe(probe)
  for (const handler of [container.lifecycle?.postStart, container.lifecycle?.preStop])
    if (handler?.httpGet) defaultHttpGet(handler.httpGet)
  for (const { valueFrom } of container.env ?? []) {
    if (valueFrom?.fieldRef) valueFrom.fieldRef.apiVersion ||= 'v1'
    if (valueFrom?.resourceFieldRef) valueFrom.resourceFieldRef.divisor ??= '0'
  }
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
function pullPolicyOf(image: string): string {
  if (image.includes('@')) return 'IfNotPresent'
  const tag = /:([^/:]+)$/.exec(image)?.[1]
  return tag === undefined || tag === 'latest' ? 'Always' : 'IfNotPresent'
}
