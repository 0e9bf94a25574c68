import { createHash } from 'node:crypto'

/** Copies layers by overlay mounts, or, where the kernel refuses those, by copying files. */
export type Snapshotter = 'overlayfs' | 'native'

/** A release of containerd; what it understands differs between 1.x and 2.x. */
export interface ContainerdVersion {
  readonly major: number
  readonly minor: number
  readonly patch: number
}

export interface ContainerdConfigOptions {
  readonly version: ContainerdVersion
  /** Folder for what outlives a reboot: images, snapshots, metadata. */
  readonly root: string
  /** Folder for what does not: running containers, sockets, network namespaces. */
  readonly state: string
  /** Path of the Unix socket to serve on. */
  readonly socket: string
  /** Image of the process that holds a pod's namespaces. */
  readonly sandboxImage: string
  readonly cniBinDir: string
  /** Watched: the first network configuration in it counts, whenever it appears. */
  readonly cniConfDir: string
  /** Folder with `<host>/hosts.toml` files: mirrors and certificates of registries. */
  readonly registryConfigDir?: string
  readonly snapshotter: Snapshotter
  /** Must be set where the process may not lower OOM scores (no CAP_SYS_RESOURCE). */
  readonly restrictOomScoreAdj: boolean
  readonly cgroups?: ContainerdCgroups
  /** Names of further runtime handlers (of RuntimeClasses), beside `runc`, which run on runc as well. */
  readonly handlers?: readonly string[]
}

export interface ContainerdCgroups {
  /** Where containerd itself shall live, e.g. `/t8s/containerd`; it stays where it was started if absent. */
  readonly daemon?: string
  /** Where the shims shall live; they stay with containerd if absent. */
  readonly shims?: string
  /** Let systemd make the cgroups. Off unless the kubelet's own driver is systemd. */
  readonly systemd?: boolean
}

/** Finds the release in what `containerd --version` prints. Throws if there is none. */
export function parseContainerdVersion(output: string): ContainerdVersion {
  const match = /\sv?(\d+)\.(\d+)\.(\d+)/.exec(output)
  if (!match) throw new Error(`no containerd version in ${JSON.stringify(output.slice(0, 200))}`)
  const [major = 0, minor = 0, patch = 0] = match.slice(1).map(Number)
  return { major, minor, patch }
}

/**
 * The configuration file of a containerd that serves pods and nothing else: what a node does not need is not loaded,
 * so that it starts in a fraction of a second. Before 2.0 in configuration version 2, from then on in version 3.
 */
export function containerdConfig(options: ContainerdConfigOptions): string {
  const modern = options.version.major >= 2
  return toml({
    version: modern ? 3 : 2,
    root: options.root,
    state: options.state,
    disabled_plugins: [
      ...unusedPlugins,
      ...(options.snapshotter === 'native' ? ['io.containerd.snapshotter.v1.overlayfs'] : []),
    ],
    // As its systemd unit does; without the capability it would not start.
    oom_score: options.restrictOomScoreAdj ? 0 : -999,
    grpc: { address: options.socket, max_recv_message_size: maxMessageSize, max_send_message_size: maxMessageSize },
    ...(options.cgroups?.daemon && { cgroup: { path: options.cgroups.daemon } }),
    // A second containerd on the same root shall fail, not hang until the first one ends.
    timeouts: { 'io.containerd.timeout.bolt.open': '5s' },
    plugins: modern ? modernPlugins(options) : legacyPlugins(options),
  })
}

/** Identifies a configuration, to tell whether a running containerd has this one. */
export const configFingerprint = (config: string): string => createHash('sha256').update(config).digest('hex')

const maxMessageSize = 16 << 20

/** Names of all releases together: those a release does not have are passed over. */
const unusedPlugins = [
  'io.containerd.snapshotter.v1.aufs',
  'io.containerd.snapshotter.v1.blockfile',
  'io.containerd.snapshotter.v1.btrfs',
  'io.containerd.snapshotter.v1.devmapper',
  'io.containerd.snapshotter.v1.erofs',
  'io.containerd.snapshotter.v1.zfs',
  'io.containerd.differ.v1.erofs',
  'io.containerd.mount-handler.v1.erofs',
  'io.containerd.internal.v1.opt',
  'io.containerd.internal.v1.restart',
  'io.containerd.internal.v1.tracing',
  'io.containerd.monitor.container.v1.restart',
  // Only feeds Prometheus metrics; the kubelet's come by CRI, OOM events by the shims.
  'io.containerd.monitor.v1.cgroups',
  'io.containerd.monitor.task.v1.cgroups',
  'io.containerd.nri.v1.nri',
  'io.containerd.tracing.processor.v1.otlp',
]

/** containerd 1.6 and 1.7. */
const legacyPlugins = (options: ContainerdConfigOptions) => ({
  'io.containerd.grpc.v1.cri': {
    ...streaming,
    ...pods(options),
    sandbox_image: options.sandboxImage,
    cni: { bin_dir: options.cniBinDir, conf_dir: options.cniConfDir, max_conf_num: 1 },
    containerd: { snapshotter: options.snapshotter, ...runtimes(options) },
    ...registry(options),
  },
})

/** containerd 2.x. */
const modernPlugins = (options: ContainerdConfigOptions) => ({
  'io.containerd.grpc.v1.cri': streaming,
  'io.containerd.cri.v1.images': {
    snapshotter: options.snapshotter,
    pinned_images: { sandbox: options.sandboxImage },
    ...registry(options),
  },
  'io.containerd.cri.v1.runtime': {
    ...pods(options),
    cni: {
      // 2.0 knows only the singular, 2.1 prefers the plural.
      ...(options.version.minor === 0 ? { bin_dir: options.cniBinDir } : { bin_dirs: [options.cniBinDir] }),
      conf_dir: options.cniConfDir,
      max_conf_num: 1,
    },
    containerd: runtimes(options),
  },
})

/** exec, attach and port-forward: reached by the kubelet only, so on the loopback, on a free port. */
const streaming = { stream_server_address: '127.0.0.1', stream_server_port: '0', stream_idle_timeout: '4h0m0s' }

const pods = (options: ContainerdConfigOptions) => ({
  restrict_oom_score_adj: options.restrictOomScoreAdj,
  // Not in /run/netns, which all containerds share: so ours are known and go with the state folder.
  netns_mounts_under_state_dir: true,
  // Pods own their network namespace: ports below 1024 and ping need no privilege in it.
  enable_unprivileged_ports: true,
  enable_unprivileged_icmp: true,
  tolerate_missing_hugetlb_controller: true,
})

const runtimes = ({ state, cgroups, handlers = [] }: ContainerdConfigOptions) => ({
  default_runtime_name: 'runc',
  runtimes: Object.fromEntries(
    ['runc', ...handlers].map(name => [
      name,
      {
        runtime_type: 'io.containerd.runc.v2',
        options: {
          // runc's default root is one for all containerds of a machine.
          Root: `${state}/runc`,
          SystemdCgroup: cgroups?.systemd ?? false,
          ...(cgroups?.shims && { ShimCgroup: cgroups.shims }),
        },
      },
    ]),
  ),
})

const registry = ({ registryConfigDir }: ContainerdConfigOptions) =>
  registryConfigDir ? { registry: { config_path: registryConfigDir } } : {}

type TomlValue = string | number | boolean | readonly TomlValue[]
interface TomlTable {
  readonly [key: string]: TomlValue | TomlTable
}

/** JSON's strings, numbers, booleans and arrays are TOML; tables are written one header each. */
function toml(table: TomlTable, path: readonly string[] = []): string {
  const lines: string[] = []
  const tables: string[] = []
  for (const [key, value] of Object.entries(table)) {
    if (isTable(value)) tables.push(toml(value, [...path, tomlKey(key)]))
    else lines.push(`${tomlKey(key)} = ${JSON.stringify(value)}\n`)
  }
  const head = path.length > 0 && lines.length > 0 ? `\n[${path.join('.')}]\n` : ''
  return head + lines.join('') + tables.join('')
}

const isTable = (value: TomlValue | TomlTable): value is TomlTable => typeof value === 'object' && !Array.isArray(value)
const tomlKey = (key: string): string => (/^[\w-]+$/.test(key) ? key : JSON.stringify(key))
