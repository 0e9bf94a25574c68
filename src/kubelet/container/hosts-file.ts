import type { Pod } from '../../api/core/v1/index.js'
import type { PodHostname } from './hostname.js'

const builtin = `# Kubernetes-managed hosts file.
127.0.0.1	localhost
::1	localhost ip6-localhost ip6-loopback
fe00::0	ip6-localnet
fe00::0	ip6-mcastprefix
fe00::1	ip6-allnodes
fe00::2	ip6-allrouters
`

/**
 * What /etc/hosts says in a pod's containers. `hostFile` is the node's own, for pods on its network.
 * https://kubernetes.io/docs/tasks/network/customize-hosts-file-for-pods/
 */
export function hostsFile(pod: Pod, { hostname, fqdn }: PodHostname, ips: readonly string[], hostFile: string): string {
  const aliases = (pod.spec.hostAliases ?? []).map(({ ip, hostnames = [] }) => `${ip}\t${hostnames.join('\t')}\n`)
  const own = ips.map(ip => (fqdn ? `${ip}\t${fqdn}\t${hostname}\n` : `${ip}\t${hostname}\n`))
  const base = pod.spec.hostNetwork
    ? `# Kubernetes-managed hosts file (host network).\n${hostFile}`
    : builtin + own.join('')
  return aliases.length ? `${base}\n# Entries added by HostAliases.\n${aliases.join('')}` : base
}
