import type { Pod } from '../../api/core/v1/index.js'
import type { VolumeAttachment } from '../../api/storage/v1/index.js'
import { type AttachableVolume, attachmentName } from './attachable-volume.js'

/** What matters of a node to one volume. */
export interface NodeView {
  /** Its kubelet leaves attaching to this controller. */
  readonly managed: boolean
  readonly ready: boolean
  /** Somebody vouches that it is off. */
  readonly outOfService: boolean
  /** Its kubelet says that the volume is mounted there. */
  readonly mounted: boolean
  /** Its status says that the volume is attached. */
  readonly reported: boolean
}

export interface AttachInput {
  readonly volume: AttachableVolume
  /** Pods on nodes that use the volume and have not ended. */
  readonly users: readonly Pod[]
  /** Nodes that are there. */
  readonly nodes: ReadonlyMap<string, NodeView>
  /** All attachments of the volume. */
  readonly attachments: readonly VolumeAttachment[]
  /** Since when, in milliseconds, nobody on a node wants the volume any more, by the node's name. */
  readonly unwantedSince: ReadonlyMap<string, number>
  readonly now: number
}

export type AttachAction =
  | { readonly type: 'attach'; readonly nodeName: string }
  /** It is attached: tell the node and its pods. */
  | { readonly type: 'report'; readonly nodeName: string; readonly pods: readonly Pod[] }
  | { readonly type: 'fail'; readonly nodeName: string; readonly pods: readonly Pod[]; readonly why: string }
  /** It cannot be attached, as another node has it. */
  | { readonly type: 'refuse'; readonly nodeName: string; readonly pod: Pod; readonly why: string }
  /** `forced`: although the node may still have it mounted, and why. */
  | {
      readonly type: 'detach'
      readonly nodeName: string
      readonly attachment: VolumeAttachment
      readonly forced?: 'timeout' | 'out-of-service'
    }

export interface AttachPlan {
  readonly actions: readonly AttachAction[]
  /** Nodes that have the volume and do not want it. */
  readonly unwanted: readonly string[]
  /** Milliseconds after which to look again. */
  readonly after?: number
}

/** How long a node that does not answer keeps a volume mounted, in milliseconds: upstream's maxWaitForUnmountDuration. */
const unmountPatience = 6 * 60_000

/** What is to be done for the nodes that use a volume, and for those that no longer do. */
export function planAttachments(input: AttachInput): AttachPlan {
  const { volume, users, nodes, attachments } = input
  const wanted = new Map<string, Pod[]>()
  for (const pod of users) {
    const { nodeName = '' } = pod.spec
    if (nodes.get(nodeName)?.managed) wanted.set(nodeName, [...(wanted.get(nodeName) ?? []), pod])
  }
  const actions: AttachAction[] = []
  const unwanted: string[] = []
  const waits: number[] = []
  const holders = new Set<string>()
  for (const attachment of attachments) {
    const { nodeName } = attachment.spec
    holders.add(nodeName)
    const pods = wanted.get(nodeName)
    if (pods) {
      const action = progress(attachment, nodeName, pods, nodes.get(nodeName))
      if (action) actions.push(action)
      continue
    }
    // What somebody else has attached is theirs to detach.
    if (attachment.metadata.name !== attachmentName(volume, nodeName)) continue
    unwanted.push(nodeName)
    const decision = detachment(attachment, nodeName, input)
    if (typeof decision === 'number') waits.push(decision)
    else if (decision) actions.push(decision)
  }
  for (const [nodeName, pods] of wanted) {
    if (attachments.some(({ spec }) => spec.nodeName === nodeName)) continue
    const others = [...holders].filter(holder => holder !== nodeName)
    if (volume.exclusive && others.length > 0)
      for (const pod of pods) actions.push({ type: 'refuse', nodeName, pod, why: refusal(pod, usersOn(users, others)) })
    else {
      holders.add(nodeName)
      actions.push({ type: 'attach', nodeName })
    }
  }
  return { actions, unwanted, ...(waits.length > 0 ? { after: Math.min(...waits) } : {}) }
}

function progress(
  { metadata, status }: VolumeAttachment,
  nodeName: string,
  pods: readonly Pod[],
  node: NodeView | undefined,
): AttachAction | undefined {
  // It is made anew once it is gone.
  if (metadata.deletionTimestamp) return undefined
  if (status.attached) return node?.reported ? undefined : { type: 'report', nodeName, pods }
  const why = status.attachError?.message
  return why === undefined ? undefined : { type: 'fail', nodeName, pods, why }
}

/** To detach now, or to look again after so many milliseconds, or neither. */
function detachment(
  attachment: VolumeAttachment,
  nodeName: string,
  { nodes, unwantedSince, now }: AttachInput,
): AttachAction | number | undefined {
  if (attachment.metadata.deletionTimestamp) return undefined
  const detach = { type: 'detach', nodeName, attachment } as const
  const node = nodes.get(nodeName)
  if (!node?.mounted) return detach
  if (node.outOfService) return { ...detach, forced: 'out-of-service' }
  // A node that answers says itself when it is done.
  if (node.ready) return undefined
  const left = (unwantedSince.get(nodeName) ?? now) + unmountPatience - now
  return left <= 0 ? { ...detach, forced: 'timeout' } : left
}

const usersOn = (users: readonly Pod[], nodeNames: readonly string[]): readonly Pod[] =>
  users.filter(({ spec }) => nodeNames.includes(spec.nodeName ?? ''))

/** Whoever may see a namespace hears the names of its pods alone. */
function refusal(pod: Pod, others: readonly Pod[]): string {
  if (others.length === 0) return "Volume is already exclusively attached to one node and can't be attached to another"
  const local = others.filter(({ metadata }) => metadata.namespace === pod.metadata.namespace)
  const foreign = others.length - local.length
  const inOthers = `${foreign} pod(s) in different namespaces`
  if (local.length === 0) return `Volume is already used by ${inOthers}`
  const named = `Volume is already used by pod(s) ${local.map(({ metadata }) => metadata.name).join(', ')}`
  return foreign > 0 ? `${named} and ${inOthers}` : named
}
