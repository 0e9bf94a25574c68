import type { Node } from '../api/core/v1/index.js'
import type { Client } from '../client/client.js'
import type { Clock } from '../machinery/clock.js'

/** How a node is to be run. Folders are absolute paths; several nodes of one machine need their own of everything. */
export interface KubeletOptions {
  readonly nodeName: string
  readonly client: Client
  /** Socket of the container runtime. */
  readonly criSocket: string
  /** Volumes and other files of pods; `/var/lib/kubelet` by custom. */
  readonly rootDir: string
  /** Containers' output; `/var/log/pods` by custom. */
  readonly logDir: string
  /** Below it pods' cgroups are made; the root of every hierarchy by default. */
  readonly cgroupRoot?: string
  /** Addresses of the cluster's DNS service; pods use the node's own name servers without. */
  readonly clusterDns?: readonly string[]
  /** `cluster.local` by default. */
  readonly clusterDomain?: string
  /** The node's addresses, the primary one first; that of the default route by default. */
  readonly nodeIps?: readonly string[]
  /** What the kernel calls the node; its own answer by default. */
  readonly hostname?: string
  readonly labels?: { readonly [key: string]: string }
  readonly taints?: NonNullable<Node['spec']['taints']>
  /** 110 by default. */
  readonly maxPods?: number
  /** Kept back from pods, quantities by resource. */
  readonly reserved?: { readonly [resource: string]: string }
  /** `/etc/resolv.conf` by default. */
  readonly resolvConf?: string
  /** Sysctls that pods may set although they are not safe; a trailing `*` stands for any ending. */
  readonly allowedSysctls?: readonly string[]
  /** Logs, exec and the like are served if this is given. */
  readonly server?: ServerOptions
  readonly eviction?: EvictionThresholds
  /** Folder of manifests of pods that run without an API server's asking. */
  readonly manifestDir?: string
  readonly clock?: Clock
  /** Hears of faults that will be tried again; printed to standard error by default. */
  readonly onError?: (error: unknown) => void
}

/** What is served with, and by what clients are known. All PEM. */
export interface ServerCredentials {
  readonly certificate: string
  readonly key: string
  /** Authorities whose client certificates are let in. */
  readonly clientCa: string
}

export interface ServerOptions extends ServerCredentials {
  /** All addresses by default. */
  readonly host?: string
  /** 10250 by default; 0 picks a free one. */
  readonly port?: number
}

/** When the node takes pods away to stay alive. */
export interface EvictionThresholds {
  /** Bytes of memory that must be available; 100 MiB by default. */
  readonly memoryAvailable?: number
  /** Part of the disk that must be available, from 0 to 1; 0.1 by default. */
  readonly diskAvailable?: number
  /** Part of the disk's inodes that must be free; 0.05 by default. */
  readonly inodesFree?: number
}
