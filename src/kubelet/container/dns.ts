import type { Pod } from '../../api/core/v1/index.js'
import type { DNSConfig } from '../runtime/cri-messages.js'

export interface ResolvConf {
  readonly servers: readonly string[]
  readonly searches: readonly string[]
  readonly options: readonly string[]
}

export interface ClusterDnsOptions {
  /** Addresses of the cluster's DNS service. */
  readonly clusterDns: readonly string[]
  readonly clusterDomain: string
  /** What the node itself uses. */
  readonly host: ResolvConf
}

/** Reads /etc/resolv.conf: of several search lines the last one counts. */
export function parseResolvConf(text: string): ResolvConf {
  const servers: string[] = []
  let searches: string[] = []
  let options: string[] = []
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/)
    if (keyword === 'nameserver' && values[0]) servers.push(values[0])
    if (keyword === 'search') searches = values.filter(domain => domain !== '.')
    if (keyword === 'options') options = values
  }
  return { servers, searches, options }
}

/** What a container's /etc/resolv.conf says (https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/). */
export function podDns(pod: Pod, { clusterDns, clusterDomain, host }: ClusterDnsOptions): DNSConfig {
  const { dnsPolicy = 'ClusterFirst', dnsConfig, hostNetwork } = pod.spec
  const wantsCluster = dnsPolicy === 'ClusterFirstWithHostNet' || (dnsPolicy === 'ClusterFirst' && !hostNetwork)
  const base: ResolvConf =
    dnsPolicy === 'None'
      ? { servers: [], searches: [], options: [] }
      : wantsCluster && clusterDns.length > 0
        ? {
            servers: clusterDns,
            searches: unique([...clusterSearches(pod.metadata.namespace ?? '', clusterDomain), ...host.searches]),
            options: ['ndots:5'],
          }
        : host
  return {
    servers: unique([...base.servers, ...(dnsConfig?.nameservers ?? [])]),
    searches: unique([...base.searches, ...(dnsConfig?.searches ?? [])]),
    options: mergeOptions(base.options, dnsConfig?.options ?? []),
  }
}

const clusterSearches = (namespace: string, domain: string): readonly string[] =>
  domain ? [`${namespace}.svc.${domain}`, `svc.${domain}`, domain] : []

/** Options are told apart by what stands before the colon; the pod's replace the others. */
function mergeOptions(
  base: readonly string[],
  added: readonly { readonly name?: string; readonly value?: string }[],
): readonly string[] {
  const options = new Map(base.map(option => [option.split(':', 1)[0] ?? '', option]))
  for (const { name = '', value } of added) options.set(name, value ? `${name}:${value}` : name)
  return [...options.values()]
}

const unique = (texts: readonly string[]): readonly string[] => [...new Set(texts)]
