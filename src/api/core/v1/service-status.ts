import { forbiddenField, invalidValue, invalidValues, notSupported, required } from '../../../machinery/field-errors.js'
import { ipAddress, parseIp } from '../../../machinery/ip-address.js'
import { dns1123Subdomain } from '../../../machinery/names.js'
import { root } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'
import type { Service } from './service.js'

const ingressPath = root.child('status').child('loadBalancer').child('ingress')
const ipModes = ['Proxy', 'VIP']

/** What load balancers may say of a service; an address that was there before may stay, whatever it is. */
export function validateServiceStatus({ spec, status }: Service, old: Service): FieldError[] {
  const { ingress = [] } = status.loadBalancer
  if (spec.type !== 'LoadBalancer' && ingress.length > 0)
    return [forbiddenField(ingressPath, 'may only be used when `spec.type` is LoadBalancer')]
  const known = new Set(old.status.loadBalancer.ingress?.map(({ ip }) => ip))
  return ingress.flatMap(({ ip, ipMode, hostname }, i) => {
    const at = ingressPath.index(i)
    const errors = ip && !known.has(ip) ? invalidValues(at.child('ip'), ip, ipAddress(ip)) : []
    if (ipMode === undefined) {
      if (ip) errors.push(required(at.child('ipMode'), 'must be specified when `ip` is set'))
    } else if (!ip) errors.push(forbiddenField(at.child('ipMode'), 'may not be specified when `ip` is not set'))
    else if (!ipModes.includes(ipMode)) errors.push(notSupported(at.child('ipMode'), ipMode, ipModes))
    if (hostname) {
      errors.push(...invalidValues(at.child('hostname'), hostname, dns1123Subdomain(hostname)))
      if (parseIp(hostname))
        errors.push(invalidValue(at.child('hostname'), hostname, 'must be a DNS name, not an IP address'))
    }
    return errors
  })
}
