import type { KubeletOptions } from '../options.js'

/** What a node agent runs with, where its options leave the choice to it. */
export interface EffectiveConfig {
  readonly maxPods: number
  readonly port: number
  /** Bytes. */
  readonly memoryAvailable: number
  /** Parts of the disk and its inodes, from 0 to 1. */
  readonly diskAvailable: number
  readonly inodesFree: number
}

const percent = (part: number): string => `${Math.round(part * 100)}%`

/** `/configz`: the configuration in force, by the names of upstream's configuration file; what has no counterpart is left out. */
export function configz(options: KubeletOptions, effective: EffectiveConfig): unknown {
  const { server, manifestDir, cgroupRoot, clusterDns, clusterDomain, resolvConf, reserved, allowedSysctls } = options
  return {
    kubeletconfig: {
      enableServer: server !== undefined,
      ...(manifestDir ? { staticPodPath: manifestDir } : {}),
      address: server?.host ?? '0.0.0.0',
      port: effective.port,
      authentication: { anonymous: { enabled: false }, webhook: { enabled: true } },
      authorization: { mode: 'Webhook' },
      clusterDomain: clusterDomain ?? 'cluster.local',
      ...(clusterDns?.length ? { clusterDNS: clusterDns } : {}),
      nodeLeaseDurationSeconds: 40,
      imageMinimumGCAge: '2m0s',
      imageGCHighThresholdPercent: 85,
      imageGCLowThresholdPercent: 80,
      ...(cgroupRoot ? { cgroupRoot } : {}),
      cgroupsPerQOS: true,
      cgroupDriver: 'cgroupfs',
      runtimeRequestTimeout: '2m0s',
      maxPods: effective.maxPods,
      podPidsLimit: -1,
      resolvConf: resolvConf ?? '/etc/resolv.conf',
      serializeImagePulls: false,
      maxParallelImagePulls: 5,
      evictionHard: {
        'memory.available': String(effective.memoryAvailable),
        'nodefs.available': percent(effective.diskAvailable),
        'nodefs.inodesFree': percent(effective.inodesFree),
      },
      ...(allowedSysctls?.length ? { allowedUnsafeSysctls: allowedSysctls } : {}),
      containerLogMaxSize: '10Mi',
      ...(reserved ? { kubeReserved: reserved } : {}),
      containerRuntimeEndpoint: `unix://${options.criSocket}`,
    },
  }
}
