import type { Resource } from '../../machinery/resource.js'
import type { Transformer, TransformerOf } from '../../storage/encryption/index.js'
import { registryRoot } from '../cache/resource-cache.js'
import type { LoadedEncryption } from './load-encryption.js'
import type { GroupResource } from './resource-rules.js'

/**
 * Tells by a storage key who encrypts its value: the folders of built-in resources are declared, those of custom ones
 * are `GROUP/PLURAL`. Each folder is looked up once.
 */
export function keyTransformers(
  resources: readonly Resource[],
  loaded: Pick<LoadedEncryption, 'transformerOf'>,
): TransformerOf {
  const builtIn = new Map<string, GroupResource>()
  for (const { stored, storedAs, storagePrefix, kind } of resources)
    if (stored && !storedAs) builtIn.set(storagePrefix, { group: kind.gvk.group, plural: kind.plural })
  const known = new Map<string, Transformer | undefined>()
  const lookUp = (folder: string, resource: GroupResource): Transformer | undefined => {
    const transformer = loaded.transformerOf(resource)
    known.set(folder, transformer)
    return transformer
  }
  return key => {
    const end = key.indexOf('/', registryRoot.length)
    if (end < 0) return undefined
    const first = key.slice(registryRoot.length, end)
    if (known.has(first)) return known.get(first)
    const resource = builtIn.get(first)
    if (resource) return lookUp(first, resource)
    const second = key.indexOf('/', end + 1)
    if (second < 0) return undefined
    const folder = key.slice(registryRoot.length, second)
    if (known.has(folder)) return known.get(folder)
    return lookUp(folder, builtIn.get(folder) ?? { group: first, plural: folder.slice(end + 1 - registryRoot.length) })
  }
}
