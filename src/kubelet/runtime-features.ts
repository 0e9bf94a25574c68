import type { RuntimeReport } from './node/node-status.js'

/** What the container runtime can do beyond the least. */
export interface RuntimeFeatures {
  readonly imageVolumes: boolean
  readonly recursiveReadOnly: boolean
}

/** The first release of containerd that mounts images. */
const imageVolumesSince = [2, 1] as const

/** Reads off what the runtime says of itself; nothing is taken for granted while it does not answer. */
export function runtimeFeatures(report: RuntimeReport | undefined): RuntimeFeatures {
  const { runtimeName = '', runtimeVersion = '' } = report?.version ?? {}
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(runtimeVersion) ?? []
  const [wantedMajor, wantedMinor] = imageVolumesSince
  const isRecent = Number(major) > wantedMajor || (Number(major) === wantedMajor && Number(minor) >= wantedMinor)
  const handler = report?.status.runtimeHandlers.find(({ name }) => name === '')
  return {
    imageVolumes: runtimeName !== 'containerd' || isRecent,
    recursiveReadOnly: handler?.features?.recursiveReadOnlyMounts === true,
  }
}
