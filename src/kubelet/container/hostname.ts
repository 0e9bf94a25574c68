import type { Pod } from '../../api/core/v1/index.js'
import { ConfigError } from './config-error.js'

export interface PodHostname {
  /** What `hostname` says inside the pod. */
  readonly hostname: string
  /** `hostname.subdomain.namespace.svc.domain`, where the pod has a subdomain. */
  readonly fqdn?: string
}

/** The kernel's limit on a host name. */
const longestHostname = 64

/**
 * The pod's name in the network (https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/#pod-s-hostname-and-subdomain-fields).
 * Throws `ConfigError` if a pod wants to be called by a full name that is too long.
 */
export function podHostname({ metadata, spec }: Pod, clusterDomain: string): PodHostname {
  if (spec.hostnameOverride) return { hostname: spec.hostnameOverride }
  const hostname = spec.hostname || (metadata.name ?? '').slice(0, 63).replace(/[-.]+$/, '')
  if (!spec.subdomain) return { hostname }
  const fqdn = `${hostname}.${spec.subdomain}.${metadata.namespace}.svc.${clusterDomain}`
  if (!spec.setHostnameAsFQDN) return { hostname, fqdn }
  if (fqdn.length > longestHostname)
    throw new ConfigError(
      `failed to construct FQDN from pod hostname and cluster domain, FQDN ${fqdn} is too long (${longestHostname} characters is the max, ${fqdn.length} characters requested)`,
    )
  return { hostname: fqdn, fqdn }
}
