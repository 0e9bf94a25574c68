import { invalidValue, invalidValues } from '../../../machinery/field-errors.js'
import { ipAddress, parseIp } from '../../../machinery/ip-address.js'
import { dns1123Subdomain } from '../../../machinery/names.js'
import { root } from '../../../machinery/path.js'
import { type Resource, resource, statusView } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { ageColumn, nameColumn, none, textColumn } from '../../columns.js'
import { statusApart } from '../../status-apart.js'
import { Ingress } from './ingress.js'
import { classAnnotation, validateIngress, validateIngressSpec } from './ingress-validation.js'

export const ingresses: Resource<Ingress> = resource(Ingress, {
  shortNames: ['ing'],
  storagePrefix: 'ingress',
  columns: [
    nameColumn,
    textColumn('Class', ({ spec }) => spec.ingressClassName ?? none, {
      description: 'The name of the IngressClass resource that should be used for additional configuration',
    }),
    textColumn('Hosts', hostsText, {
      description: 'Hosts that incoming requests are matched against before the ingress rule',
    }),
    textColumn('Address', addressText, {
      description: 'Address is a list containing ingress points for the load-balancer',
    }),
    textColumn('Ports', ({ spec }) => (spec.tls?.length ? '80, 443' : '80'), {
      description: 'Ports of TLS configurations that open',
    }),
    ageColumn,
  ],
  subresources: [statusView({ validateUpdate: validateStatus })],
  strategy: {
    ...statusApart(() => ({ loadBalancer: {} })),
    generation: true,
    validate: validateIngress,
    validateUpdate: ({ spec }) => validateIngressSpec(spec, root.child('spec')),
    warnings: ({ metadata, spec }, old) =>
      !old && metadata.annotations?.[classAnnotation] !== undefined && spec.ingressClassName === undefined
        ? [`annotation "${classAnnotation}" is deprecated, please use 'spec.ingressClassName' instead`]
        : [],
  },
})

/** Of hosts so many are shown before it says how many more there are. */
const shown = 3
/** Addresses longer than this are cut off. */
const addressWidth = 16

function hostsText({ spec }: Ingress): string {
  const hosts = (spec.rules ?? []).flatMap(({ host }) => (host ? [host] : []))
  if (hosts.length === 0) return '*'
  const more = hosts.length - shown
  return hosts.slice(0, shown).join(',') + (more > 0 ? ` + ${more} more...` : '')
}

function addressText({ status }: Ingress): string {
  const points = (status.loadBalancer.ingress ?? []).flatMap(({ ip, hostname }) => ip || hostname || [])
  const text = [...new Set(points)].sort().join(',')
  return text.length > addressWidth ? `${text.slice(0, addressWidth - 3)}...` : text
}

function validateStatus({ status }: Ingress, old: Ingress): FieldError[] {
  const known = new Set(old.status.loadBalancer.ingress?.map(({ ip = '' }) => ip))
  return (status.loadBalancer.ingress ?? []).flatMap(({ ip, hostname }, i) => {
    const at = root.child('status', 'loadBalancer', 'ingress').index(i)
    const errors = ip ? invalidValues(at.child('ip'), ip, ipAddress(ip, known)) : []
    if (hostname) {
      errors.push(...invalidValues(at.child('hostname'), hostname, dns1123Subdomain(hostname)))
      if (parseIp(hostname))
        errors.push(invalidValue(at.child('hostname'), hostname, 'must be a DNS name, not an IP address'))
    }
    return errors
  })
}
