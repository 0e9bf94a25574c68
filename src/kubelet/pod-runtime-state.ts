/**
 * What the container runtime knows of one pod, as plain data: the second argument of every decision the node agent
 * makes. Times are milliseconds since the epoch, zero while the thing has not happened.
 */
export interface PodRuntimeState {
  /** Newest first. */
  readonly sandboxes: readonly SandboxRecord[]
  /** Of all sandboxes and attempts, newest first. */
  readonly containers: readonly ContainerRecord[]
}

export interface SandboxRecord {
  readonly id: string
  readonly ready: boolean
  readonly createdAt: number
  readonly attempt: number
  /** The pod's addresses; none on the node's own network. */
  readonly ips: readonly string[]
}

interface Quantities {
  readonly [resource: string]: string
}

export interface ContainerRecord {
  readonly id: string
  readonly name: string
  readonly sandboxId: string
  readonly state: 'created' | 'running' | 'exited' | 'unknown'
  readonly createdAt: number
  readonly startedAt: number
  readonly finishedAt: number
  readonly exitCode: number
  /** `Completed`, `Error`, `OOMKilled`, `StartError`, ... once exited. */
  readonly reason: string
  /** What the container left behind (termination message), or why the runtime could not start it. */
  readonly message: string
  readonly restartCount: number
  /** `containerHash` of the declaration it was created from. */
  readonly hash: string
  /** The image as the pod names it. */
  readonly image: string
  /** The image as the runtime resolved it. */
  readonly imageId: string
  /** Seconds it was promised to end in, as noted when it was created. */
  readonly gracePeriod?: number
  /** The resources it was created with, where they were noted. */
  readonly requirements?: { readonly requests?: Quantities; readonly limits?: Quantities }
  /** Who the container's first process runs as, where the runtime says so. */
  readonly user?: { readonly uid: number; readonly gid: number; readonly supplementalGroups?: readonly number[] }
}

export const noRuntimeState: PodRuntimeState = { sandboxes: [], containers: [] }

/** The sandbox that containers live in, if there is one that works. */
export const activeSandbox = ({ sandboxes }: PodRuntimeState): SandboxRecord | undefined =>
  sandboxes.find(sandbox => sandbox.ready)

/** The newest incarnation of a container, in one sandbox or in any. */
export const newestRecord = (
  { containers }: PodRuntimeState,
  name: string,
  sandboxId?: string,
): ContainerRecord | undefined =>
  containers.find(record => record.name === name && (sandboxId === undefined || record.sandboxId === sandboxId))

/** Whether anything of the pod may still be executing. */
export const isAlive = ({ containers }: PodRuntimeState): boolean =>
  containers.some(({ state }) => state === 'running' || state === 'unknown')
