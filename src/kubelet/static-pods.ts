import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { Pod } from '../api/core/v1/index.js'
import { pods as podResource } from '../api/core/v1/pods.js'
import { type Clock, rfc3339 } from '../machinery/clock.js'
import { applyStaticDefaults, type Draft, decodeJson } from '../schema/index.js'
import type { FolderWatches } from './logs/folder-watches.js'

const hash = 'kubernetes.io/config.hash'
const source = 'kubernetes.io/config.source'
const seen = 'kubernetes.io/config.seen'
const mirror = 'kubernetes.io/config.mirror'

/** Whether a pod comes from a manifest of the node's own. */
export const isStaticPod = ({ metadata }: Pod): boolean => metadata.annotations?.[source] === 'file'

/** The pod of the API server's that stands for a static pod; which one it stands for if it is such. */
export const mirroredHash = ({ metadata }: Pod): string | undefined => metadata.annotations?.[mirror]
export const staticHash = ({ metadata }: Pod): string => metadata.annotations?.[hash] ?? ''

/** What is created in the API server so that a static pod can be seen there. */
export function mirrorPod(pod: Pod, nodeUid: string | undefined) {
  const { name, namespace, labels, annotations } = pod.metadata
  const owner = { apiVersion: 'v1', kind: 'Node', name: pod.spec.nodeName ?? '', controller: true }
  return {
    metadata: {
      ...(name ? { name } : {}),
      ...(namespace ? { namespace } : {}),
      ...(labels ? { labels } : {}),
      annotations: { ...annotations, [mirror]: staticHash(pod) },
      ...(nodeUid ? { ownerReferences: [{ ...owner, uid: nodeUid }] } : {}),
    },
    spec: pod.spec,
  }
}

/** A pod of a manifest, as this node runs it: named after the node, identified by its content. Throws if it is none. */
export function staticPod(manifest: unknown, nodeName: string, now: number): Pod {
  const draft: Draft<Pod> = applyStaticDefaults(Pod, decodeJson(Pod, manifest))
  if (draft.kind !== 'Pod' || draft.apiVersion !== 'v1')
    throw new Error(`it is no v1 Pod but ${draft.apiVersion} ${draft.kind}`)
  if (!draft.metadata.name) throw new Error('it has no name')
  podResource.defaults?.(draft)
  const uid = createHash('sha256')
    .update(JSON.stringify([nodeName, manifest]))
    .digest('hex')
    .slice(0, 32)
  draft.metadata = {
    ...draft.metadata,
    name: `${draft.metadata.name}-${nodeName}`,
    namespace: draft.metadata.namespace || 'default',
    uid,
    annotations: { ...draft.metadata.annotations, [hash]: uid, [source]: 'file', [seen]: rfc3339(now) },
  }
  draft.spec = {
    ...draft.spec,
    nodeName,
    // It runs whatever the node's taints say.
    tolerations: [...(draft.spec.tolerations ?? []), { operator: 'Exists', effect: 'NoExecute' }],
  }
  draft.status = { phase: 'Pending' }
  const [fault] = podResource.strategy.validate?.(draft) ?? []
  if (fault) throw new Error(`${fault.field}: ${fault.message}`)
  return draft
}

export interface StaticPodsOptions {
  readonly folder: string
  readonly nodeName: string
  readonly clock: Clock
  readonly watches: FolderWatches
  readonly signal: AbortSignal
  readonly onError: (error: unknown) => void
  /** The pods that the manifests ask for now. */
  readonly changed: (pods: readonly Pod[]) => void
}

/** Follows a folder of manifests until the signal aborts. */
export async function followManifests(options: StaticPodsOptions): Promise<void> {
  const { folder, watches, signal, onError, changed } = options
  await mkdir(folder, { recursive: true })
  let wake = () => {}
  let isStale = true
  const note = () => {
    isStale = true
    wake()
  }
  signal.addEventListener('abort', note)
  using _ = watches.listen(folder, note)
  while (!signal.aborted) {
    if (isStale) {
      isStale = false
      const { pods, faults } = await readManifests(options)
      for (const fault of faults) onError(fault)
      // A file that is being written is no reason to end what it asked for before.
      if (faults.length === 0 && !signal.aborted) changed(pods)
      continue
    }
    await new Promise<void>(resolve => {
      wake = resolve
    })
  }
}

async function readManifests({ folder, nodeName, clock }: StaticPodsOptions) {
  const pods: Pod[] = []
  const faults: Error[] = []
  for (const name of (await readdir(folder)).sort()) {
    if (name.startsWith('.') || !/\.(?:ya?ml|json)$/.test(name)) continue
    try {
      for (const document of parseAllDocuments(await readFile(join(folder, name), 'utf8'))) {
        const [error] = document.errors
        if (error) throw error
        const manifest: unknown = document.toJS()
        if (manifest) pods.push(staticPod(manifest, nodeName, clock.now()))
      }
    } catch (error) {
      faults.push(new Error(`the manifest ${name} cannot be used: ${error instanceof Error ? error.message : error}`))
    }
  }
  return { pods, faults }
}
