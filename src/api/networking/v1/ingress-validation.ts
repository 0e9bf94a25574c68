import { invalidValue, invalidValues, notSupported, required } from '../../../machinery/field-errors.js'
import { parseIp } from '../../../machinery/ip-address.js'
import {
  dns1123Label,
  dns1123Subdomain,
  pathSegmentName,
  portName,
  portNumber,
  wildcardDns1123Subdomain,
} from '../../../machinery/names.js'
import { type FieldPath, root } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { subdomainName } from '../../field-rules.js'
import type { HTTPIngressPath, Ingress, IngressBackend, IngressSpec } from './ingress.js'

export const classAnnotation = 'kubernetes.io/ingress.class'

export function validateIngress({ metadata, spec }: Ingress): FieldError[] {
  const errors = validateIngressSpec(spec, root.child('spec'))
  const annotated = metadata.annotations?.[classAnnotation]
  if (annotated !== undefined && spec.ingressClassName !== undefined && annotated !== spec.ingressClassName)
    errors.push(
      invalidValue(
        root.child('annotations', classAnnotation),
        annotated,
        'must match `ingressClassName` when both are specified',
      ),
    )
  return errors
}

/** https://kubernetes.io/docs/concepts/services-networking/ingress/ */
export function validateIngressSpec(spec: IngressSpec, at: FieldPath): FieldError[] {
  const { rules = [], defaultBackend, tls = [], ingressClassName } = spec
  const errors: FieldError[] = []
  if (rules.length === 0 && !defaultBackend)
    errors.push(invalidValue(at, spec.rules ?? null, 'either `defaultBackend` or `rules` must be specified'))
  if (defaultBackend) errors.push(...validateBackend(defaultBackend, at.child('defaultBackend')))
  rules.forEach(({ host = '', http }, i) => {
    {
      const here = at.child('rules').index(i)
      if (host) {
        if (parseIp(host)) errors.push(invalidValue(here.child('host'), host, 'must be a DNS name, not an IP address'))
        errors.push(...validateHost(host, here.child('host')))
      }
      if (!http) return
      const paths = here.child('http', 'paths')
      if (!http.paths?.length) errors.push(required(paths))
      http.paths?.forEach((path, j) => {
        errors.push(...validatePath(path, paths.index(j)))
      })
    }
  })
  tls.forEach(({ hosts = [], secretName }, i) => {
    {
      const here = at.child('tls').index(i)
      hosts.forEach((host, j) => {
        errors.push(...validateHost(host, here.child('hosts').index(j)))
      })
      if (secretName) errors.push(...subdomainName(secretName, here.child('secretName')))
    }
  })
  if (ingressClassName !== undefined) errors.push(...subdomainName(ingressClassName, at.child('ingressClassName')))
  return errors
}

const validateHost = (host: string, at: FieldPath): FieldError[] =>
  invalidValues(at, host, host.includes('*') ? wildcardDns1123Subdomain(host) : dns1123Subdomain(host))

const pathTypes = ['Exact', 'ImplementationSpecific', 'Prefix']
const badSequences = ['//', '/./', '/../', '%2f', '%2F']
const badEndings = ['/..', '/.']

function validatePath({ path = '', pathType, backend }: HTTPIngressPath, at: FieldPath): FieldError[] {
  const here = at.child('path')
  if ((pathType ?? undefined) === undefined) return [required(at.child('pathType'), 'pathType must be specified')]
  const errors: FieldError[] = []
  const absolute = path.startsWith('/') || (pathType === 'ImplementationSpecific' && path === '')
  if (!pathTypes.includes(pathType)) errors.push(notSupported(at.child('pathType'), pathType, pathTypes))
  else if (!absolute) errors.push(invalidValue(here, path, 'must be an absolute path'))
  if (pathType === 'Exact' || pathType === 'Prefix') {
    for (const sequence of badSequences)
      if (path.includes(sequence)) errors.push(invalidValue(here, path, `must not contain '${sequence}'`))
    for (const ending of badEndings)
      if (path.endsWith(ending)) errors.push(invalidValue(here, path, `cannot end with '${ending}'`))
  }
  return [...errors, ...validateBackend(backend, at.child('backend'))]
}

function validateBackend({ service, resource }: IngressBackend, at: FieldPath): FieldError[] {
  if (service && resource) return [invalidValue(at, '', 'cannot set both resource and service backends')]
  if (resource) {
    const { apiGroup, kind, name } = resource
    const here = at.child('resource')
    const errors = apiGroup ? invalidValues(here.child('apiGroup'), apiGroup, dns1123Subdomain(apiGroup)) : []
    for (const [field, value] of Object.entries({ kind, name }))
      errors.push(
        ...(value ? invalidValues(here.child(field), value, pathSegmentName(value)) : [required(here.child(field))]),
      )
    return errors
  }
  if (!service) return [invalidValue(at, '', 'resource or service backend is required')]
  const here = at.child('service')
  const { name: port, number } = service.port
  const errors = service.name
    ? invalidValues(here.child('name'), service.name, dns1123Label(service.name))
    : [required(here.child('name'))]
  if (port && number) errors.push(invalidValue(at, '', 'cannot set both port name & port number'))
  else if (port) errors.push(...invalidValues(here.child('port', 'name'), port, portName(port)))
  else if (number) errors.push(...invalidValues(here.child('port', 'number'), number, portNumber(number)))
  else errors.push(required(at, 'port name or number is required'))
  return errors
}
