import type { ConfigMap, Container, DownwardAPIVolumeFile, KeyToPath, Pod, Secret } from '../../api/core/v1/index.js'
import { fieldValue, type NodeView, resourceValue } from '../container/field-values.js'
import { VolumeError } from './volume-error.js'

export interface PayloadFile {
  readonly data: Buffer
  /** Permission bits. */
  readonly mode: number
  /** Who owns the file; root where absent. */
  readonly uid?: number
}

/** The files of a volume by path. */
export type Payload = ReadonlyMap<string, PayloadFile>

export interface Selection {
  readonly items?: readonly KeyToPath[]
  readonly optional?: boolean
  /** Mode of files that do not name their own. */
  readonly mode: number
}

/** Permission bits of a volume that names none. */
export const defaultMode = 0o644

/** The files a ConfigMap makes. Throws `VolumeError` if it does not exist, or a chosen key does not, unless optional. */
export function configMapPayload(name: string, configMap: ConfigMap | undefined, selection: Selection): Payload {
  if (!configMap && !selection.optional) throw new VolumeError(`configmap "${name}" not found`)
  const data = new Map<string, Buffer>()
  for (const [key, text] of Object.entries(configMap?.data ?? {})) data.set(key, Buffer.from(text, 'utf8'))
  for (const [key, text] of Object.entries(configMap?.binaryData ?? {})) data.set(key, Buffer.from(text, 'base64'))
  return select(data, selection, key => `configmap references non-existent config key: ${key}`)
}

/** The files a Secret makes; errors as with a ConfigMap. */
export function secretPayload(name: string, secret: Secret | undefined, selection: Selection): Payload {
  if (!secret && !selection.optional) throw new VolumeError(`secret "${name}" not found`)
  const data = Object.entries(secret?.data ?? {}).map(([key, text]) => [key, Buffer.from(text, 'base64')] as const)
  return select(new Map(data), selection, key => `references non-existent secret key: ${key}`)
}

function select(
  data: ReadonlyMap<string, Buffer>,
  { items, optional, mode }: Selection,
  complaint: (key: string) => string,
): Payload {
  if (!items?.length) return new Map([...data].map(([key, bytes]) => [key, { data: bytes, mode }]))
  const files = new Map<string, PayloadFile>()
  for (const item of items) {
    const bytes = data.get(item.key)
    if (bytes) files.set(item.path, { data: bytes, mode: item.mode ?? mode })
    else if (!optional) throw new VolumeError(complaint(item.key))
  }
  return files
}

/** The files that tell a pod about itself. */
export function downwardPayload(
  pod: Pod,
  items: readonly DownwardAPIVolumeFile[],
  mode: number,
  node: NodeView,
): Payload {
  const text = ({ fieldRef, resourceFieldRef }: DownwardAPIVolumeFile): string => {
    if (fieldRef) return fieldValue(pod, fieldRef.fieldPath, node, [])
    if (!resourceFieldRef) return ''
    const { containerName = '', resource, divisor } = resourceFieldRef
    return resourceValue(containerNamed(pod, containerName), resource, divisor, node)
  }
  return new Map(items.map(item => [item.path, { data: Buffer.from(text(item)), mode: item.mode ?? mode }]))
}

function containerNamed(pod: Pod, name: string): Container {
  const found = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].find(container => container.name === name)
  if (!found) throw new VolumeError(`cannot find container ${name} in pod`)
  return found
}

/** Whether two payloads would look the same on disk. */
export function samePayload(a: Payload, b: Payload): boolean {
  if (a.size !== b.size) return false
  for (const [path, file] of a) {
    const other = b.get(path)
    if (!other || other.mode !== file.mode || other.uid !== file.uid || !other.data.equals(file.data)) return false
  }
  return true
}
