import type { Service } from './service.js'

/** What is allowed but will not do what its author may think. */
export function serviceWarnings({ metadata, spec }: Service): readonly string[] {
  const warnings: string[] = []
  if (metadata.annotations?.['service.kubernetes.io/topology-aware-hints'] !== undefined)
    warnings.push(
      'annotation service.kubernetes.io/topology-aware-hints is deprecated, please use service.kubernetes.io/topology-mode instead',
    )
  if (spec.clusterIP === 'None') {
    if (spec.loadBalancerIP) warnings.push('spec.loadBalancerIP is ignored for headless services')
    if (spec.externalIPs?.length) warnings.push('spec.externalIPs is ignored for headless services')
    if (spec.sessionAffinity !== 'None') warnings.push('spec.SessionAffinity is ignored for headless services')
  }
  if (spec.type === 'ExternalName' && spec.externalIPs?.length)
    warnings.push('spec.externalIPs is ignored when spec.type is "ExternalName"')
  if (spec.type !== 'ExternalName' && spec.externalName)
    warnings.push('spec.externalName is ignored when spec.type is not "ExternalName"')
  return warnings
}
