import {
  duplicate,
  forbiddenField,
  immutable,
  invalidValue,
  invalidValues,
  required,
  Shown,
} from '../../../machinery/field-errors.js'
import { goJson } from '../../../machinery/go-format.js'
import { cidr, ipAddress } from '../../../machinery/ip-address.js'
import { dns1123Label, dns1123Subdomain, portNumber, qualifiedName } from '../../../machinery/names.js'
import { type FieldPath, root } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { validateLabels } from '../../../machinery/validate-labels.js'
import { oneOf, portReference, requiredOneOf, unchanged } from '../../field-rules.js'
import { validateAllocationChange, validateClusterIps, validateNoAddress } from './cluster-ips.js'
import { validateReachable } from './endpoints-resource.js'
import type { Service, ServicePort } from './service.js'

const at = root.child('spec')
const longestAffinity = 86_400
const kubeletPort = 10_250
const policies = ['Cluster', 'Local']

/** https://kubernetes.io/docs/concepts/services-networking/service/ */
export function validateService(service: Service): FieldError[] {
  const { spec } = service
  const errors = validateTopologyMode(service)
  const ports = spec.ports ?? []
  if (ports.length === 0 && spec.clusterIP !== 'None' && spec.type !== 'ExternalName')
    errors.push(required(at.child('ports')))
  errors.push(...validateType(service))
  const names = new Set<string>()
  ports.forEach((port, i) => {
    errors.push(...validatePort(port, ports.length > 1, names, at.child('ports').index(i)))
  })
  errors.push(...validateLabels(spec.selector, at.child('selector')))
  errors.push(...validateAffinity(spec))
  errors.push(...validateClusterIps(service))
  spec.externalIPs?.forEach((ip, i) => {
    {
      const here = at.child('externalIPs').index(i)
      const faults = invalidValues(here, ip, ipAddress(ip))
      errors.push(...(faults.length > 0 ? faults : validateReachable(ip, here)))
    }
  })
  errors.push(...requiredOneOf(spec.type, ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'], at.child('type')))
  errors.push(...validateDistinctPorts(spec))
  errors.push(...validateLoadBalancer(service))
  errors.push(...validateTrafficPolicies(spec))
  return errors
}

export const validateServiceUpdate = (service: Service, old: Service): FieldError[] => [
  ...validateAllocationChange(service, old),
  ...(old.spec.type === 'LoadBalancer' && service.spec.type === 'LoadBalancer'
    ? unchanged(
        service.spec.loadBalancerClass,
        old.spec.loadBalancerClass,
        at.child('loadBalancerClass'),
        'may not change once set',
      )
    : []),
  // The rules for any service have it once more.
  ...validateLoadBalancerClass(service.spec),
  ...validateHealthPortChange(service, old),
  ...validateService(service),
]

const modeAnnotation = 'service.kubernetes.io/topology-mode'
const hintsAnnotation = 'service.kubernetes.io/topology-aware-hints'

/** The newer annotation and the one it follows do not contradict each other. */
function validateTopologyMode({ metadata: { annotations = {} } }: Service): FieldError[] {
  const mode = annotations[modeAnnotation]
  const hints = annotations[hintsAnnotation]
  if (mode === undefined || hints === undefined || mode === hints) return []
  const here = root.child('metadata', 'annotations').key(modeAnnotation)
  return [invalidValue(here, mode, `must match annotations[${hintsAnnotation}] when both are specified`)]
}

/** The port for health checks stays for as long as there is one. */
function validateHealthPortChange({ spec }: Service, { spec: old }: Service): FieldError[] {
  const needed = ({ type, externalTrafficPolicy }: Service['spec']) =>
    type === 'LoadBalancer' && externalTrafficPolicy === 'Local'
  return needed(old) && needed(spec) && spec.healthCheckNodePort !== old.healthCheckNodePort
    ? [forbiddenField(at.child('healthCheckNodePort'), immutable)]
    : []
}

/** Whether anything outside the cluster can reach it. */
export const isExternallyAccessible = ({
  type,
  externalIPs,
}: {
  readonly type?: string
  readonly externalIPs?: readonly string[]
}): boolean =>
  type === 'LoadBalancer' || type === 'NodePort' || (type === 'ClusterIP' && (externalIPs?.length ?? 0) > 0)

function validateType(service: Service): FieldError[] {
  const { type, clusterIP, clusterIPs = [], externalName = '', ports = [] } = service.spec
  const errors: FieldError[] = []
  if (type === 'LoadBalancer')
    ports.forEach(({ port }, i) => {
      if (port === kubeletPort)
        errors.push(
          invalidValue(
            at.child('ports').index(i),
            port,
            `may not expose port ${kubeletPort} externally since it is used by kubelet`,
          ),
        )
    })
  if ((type === 'LoadBalancer' || type === 'NodePort') && clusterIP === 'None')
    errors.push(
      invalidValue(at.child('clusterIPs').index(0), clusterIPs[0], `may not be set to 'None' for ${type} services`),
    )
  if (type === 'ExternalName') {
    errors.push(...validateNoAddress(service))
    const name = externalName.endsWith('.') ? externalName.slice(0, -1) : externalName
    errors.push(
      ...(name
        ? invalidValues(at.child('externalName'), name, dns1123Subdomain(name))
        : [required(at.child('externalName'))]),
    )
  }
  return errors
}

function validatePort(port: ServicePort, named: boolean, names: Set<string>, here: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  const { name = '', protocol, appProtocol } = port
  if (name) {
    errors.push(...invalidValues(here.child('name'), name, dns1123Label(name)))
    if (names.has(name)) errors.push(duplicate(here.child('name'), name))
    names.add(name)
  } else if (named) errors.push(required(here.child('name')))
  errors.push(...invalidValues(here.child('port'), port.port, portNumber(port.port)))
  errors.push(...requiredOneOf(protocol, ['SCTP', 'TCP', 'UDP'], here.child('protocol')))
  errors.push(...portReference(port.targetPort, here.child('targetPort')))
  if (appProtocol !== undefined)
    errors.push(...invalidValues(here.child('appProtocol'), appProtocol, qualifiedName(appProtocol)))
  return errors
}

function validateAffinity({ sessionAffinity, sessionAffinityConfig }: Service['spec']): FieldError[] {
  const errors = requiredOneOf(sessionAffinity, ['ClientIP', 'None'], at.child('sessionAffinity'))
  const here = at.child('sessionAffinityConfig')
  if (sessionAffinity === 'None' && sessionAffinityConfig)
    errors.push(forbiddenField(here, 'must not be set when session affinity is None'))
  if (sessionAffinity !== 'ClientIP') return errors
  const detail = 'when session affinity type is ClientIP'
  if (!sessionAffinityConfig) return [...errors, required(here, detail)]
  if (!sessionAffinityConfig.clientIP) return [...errors, required(here.child('clientIP'), detail)]
  const { timeoutSeconds } = sessionAffinityConfig.clientIP
  const seconds = here.child('clientIP', 'timeoutSeconds')
  if (timeoutSeconds === undefined) errors.push(required(seconds, detail))
  else if (timeoutSeconds <= 0 || timeoutSeconds > longestAffinity)
    errors.push(invalidValue(seconds, timeoutSeconds, `must be greater than 0 and less than ${longestAffinity}`))
  return errors
}

function validateDistinctPorts({ type, ports = [] }: Service['spec']): FieldError[] {
  const errors: FieldError[] = []
  if (type === 'ClusterIP')
    ports.forEach(({ nodePort }, i) => {
      if (nodePort)
        errors.push(
          forbiddenField(at.child('ports').index(i).child('nodePort'), "may not be used when `type` is 'ClusterIP'"),
        )
    })
  const nodePorts = new Set<string>()
  ports.forEach(({ nodePort, protocol }, i) => {
    {
      const key = `${protocol} ${nodePort}`
      if (nodePort && nodePorts.has(key)) errors.push(duplicate(at.child('ports').index(i).child('nodePort'), nodePort))
      nodePorts.add(key)
    }
  })
  const seen = new Set<string>()
  ports.forEach(({ port, protocol }, i) => {
    {
      const key = goJson({ Name: '', Protocol: protocol, AppProtocol: null, Port: port, TargetPort: 0, NodePort: 0 })
      if (seen.has(key)) errors.push(duplicate(at.child('ports').index(i), new Shown(key)))
      seen.add(key)
    }
  })
  return errors
}

const onlyLoadBalancers = "may only be used when `type` is 'LoadBalancer'"
const rangesAnnotation = 'service.beta.kubernetes.io/load-balancer-source-ranges'

function validateLoadBalancer({ metadata, spec }: Service): FieldError[] {
  const errors: FieldError[] = []
  const isLoadBalancer = spec.type === 'LoadBalancer'
  const { loadBalancerSourceRanges = [], allocateLoadBalancerNodePorts } = spec
  const annotated = metadata.annotations?.[rangesAnnotation]
  if (loadBalancerSourceRanges.length > 0) {
    const here = at.child('LoadBalancerSourceRanges')
    if (!isLoadBalancer) errors.push(forbiddenField(here, onlyLoadBalancers))
    loadBalancerSourceRanges.forEach((text, i) => {
      {
        const range = text.trim()
        errors.push(...invalidValues(here.index(i), range, cidr(range)))
      }
    })
  } else if (annotated !== undefined) {
    const here = root.child('metadata', 'annotations').key(rangesAnnotation)
    if (!isLoadBalancer) errors.push(forbiddenField(here, onlyLoadBalancers))
    for (const text of annotated.trim() ? annotated.split(',') : []) {
      const range = text.trim()
      errors.push(...invalidValues(here, range, cidr(range)))
    }
  }
  if (isLoadBalancer && allocateLoadBalancerNodePorts === undefined)
    errors.push(required(at.child('allocateLoadBalancerNodePorts')))
  if (!isLoadBalancer && allocateLoadBalancerNodePorts !== undefined)
    errors.push(forbiddenField(at.child('allocateLoadBalancerNodePorts'), onlyLoadBalancers))
  return [...errors, ...validateLoadBalancerClass(spec)]
}

function validateLoadBalancerClass({ type, loadBalancerClass }: Service['spec']): FieldError[] {
  if (loadBalancerClass === undefined) return []
  const here = at.child('loadBalancerClass')
  return type === 'LoadBalancer'
    ? invalidValues(here, loadBalancerClass, qualifiedName(loadBalancerClass))
    : [forbiddenField(here, onlyLoadBalancers)]
}

function validateTrafficPolicies(spec: Service['spec']): FieldError[] {
  const { type, externalTrafficPolicy, healthCheckNodePort, internalTrafficPolicy, trafficDistribution } = spec
  const errors: FieldError[] = []
  const external = at.child('externalTrafficPolicy')
  if (isExternallyAccessible(spec)) errors.push(...requiredOneOf(externalTrafficPolicy, policies, external))
  else if (externalTrafficPolicy)
    errors.push(invalidValue(external, externalTrafficPolicy, 'may only be set for externally-accessible services'))
  const health = at.child('healthCheckNodePort')
  if (type === 'LoadBalancer' && externalTrafficPolicy === 'Local')
    errors.push(
      ...(healthCheckNodePort
        ? invalidValues(health, healthCheckNodePort, portNumber(healthCheckNodePort))
        : [required(health)]),
    )
  else if (healthCheckNodePort)
    errors.push(
      invalidValue(
        health,
        healthCheckNodePort,
        "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
      ),
    )
  const internal = at.child('internalTrafficPolicy')
  if (internalTrafficPolicy === undefined) {
    if (type === 'ClusterIP' || type === 'NodePort' || type === 'LoadBalancer') errors.push(required(internal))
  } else errors.push(...oneOf(internalTrafficPolicy, policies, internal))
  errors.push(
    ...oneOf(trafficDistribution, ['PreferClose', 'PreferSameNode', 'PreferSameZone'], at.child('trafficDistribution')),
  )
  return errors
}
