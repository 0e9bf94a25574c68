import { root } from '../../../machinery/path.js'
import { addressWarnings, networkWarnings } from '../../address-warnings.js'
import type { Service } from './service.js'

/** What is allowed but will not do what its author may think. */
export function serviceWarnings({ metadata, spec }: Service): readonly string[] {
  const at = root.child('spec')
  const { externalIPs = [], loadBalancerIP = '' } = spec
  const warnings: string[] = []
  if (metadata.annotations?.['service.kubernetes.io/topology-aware-hints'] !== undefined)
    warnings.push(
      'annotation service.kubernetes.io/topology-aware-hints is deprecated, please use service.kubernetes.io/topology-mode instead',
    )
  const isHeadless = spec.clusterIP === 'None' && spec.type === 'ClusterIP'
  if (spec.clusterIP && spec.clusterIP !== 'None')
    spec.clusterIPs?.forEach((ip, i) => {
      warnings.push(...addressWarnings(ip, at.child('clusterIPs').index(i)))
    })
  if (isHeadless) {
    if (loadBalancerIP) warnings.push('spec.loadBalancerIP is ignored for headless services')
    if (externalIPs.length > 0) warnings.push('spec.externalIPs is ignored for headless services')
    if (spec.sessionAffinity !== 'None') warnings.push('spec.SessionAffinity is ignored for headless services')
  }
  externalIPs.forEach((ip, i) => {
    warnings.push(...addressWarnings(ip, at.child('externalIPs').index(i)))
  })
  if (externalIPs.length > 0 && !isHeadless && spec.type !== 'ExternalName')
    warnings.push('spec.externalIPs is deprecated')
  warnings.push(...addressWarnings(loadBalancerIP, at.child('loadBalancerIP')))
  spec.loadBalancerSourceRanges?.forEach((range, i) => {
    warnings.push(...networkWarnings(range, at.child('loadBalancerSourceRanges').index(i)))
  })
  if (spec.type === 'ExternalName' && externalIPs.length > 0)
    warnings.push('spec.externalIPs is ignored when spec.type is "ExternalName"')
  if (spec.type !== 'ExternalName' && spec.externalName)
    warnings.push('spec.externalName is ignored when spec.type is not "ExternalName"')
  if (spec.trafficDistribution === 'PreferClose')
    warnings.push('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"')
  return warnings
}

/** What to tell whoever writes the status of a service. */
export const serviceStatusWarnings = ({ status }: Service): string[] =>
  (status.loadBalancer?.ingress ?? []).flatMap(({ ip = '' }, i) =>
    addressWarnings(ip, root.child('status').child('loadBalancer').child('ingress').index(i)),
  )
