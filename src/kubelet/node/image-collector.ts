import type { Clock } from '../../machinery/clock.js'
import type { CriClient } from '../runtime/cri-client.js'
import { isNotFound } from '../runtime/runtime-error.js'
import type { DiskUsage } from './disk-usage.js'

export interface ImageCollectorOptions {
  readonly cri: Pick<CriClient, 'listImages' | 'listContainers' | 'removeImage'>
  readonly clock: Clock
  readonly disk: () => Promise<DiskUsage>
  /** Names of images that pods have as volumes. */
  readonly mounted?: () => readonly string[]
  /** Part of the disk in use above which images are removed; 0.85 by default. */
  readonly high?: number
  /** Part of the disk in use down to which they are removed; 0.8 by default. */
  readonly low?: number
}

/** An image is kept at least so long after it was last needed: it may be needed again soon. */
const youngest = 120_000

/** Removes images that nothing uses, the longest unused first, when the disk runs full. */
export class ImageCollector {
  readonly #options: ImageCollectorOptions
  /** When each image was last seen in use, or first seen at all. */
  readonly #lastUsed = new Map<string, number>()

  constructor(options: ImageCollectorOptions) {
    this.#options = options
  }

  /** Removes images if the disk is fuller than it should be, or, with `always`, all that nothing uses. Answers how many. */
  async collect(always = false): Promise<number> {
    const { cri, clock, disk, mounted, high = 0.85, low = 0.8 } = this.#options
    const { capacity, available } = await disk()
    const used = capacity - available
    const isFull = used > capacity * high
    if (!isFull && !always) return 0
    let surplus = always ? Infinity : used - capacity * low
    const [{ images }, { containers }] = await Promise.all([cri.listImages({}), cri.listContainers({})])
    const needed = new Set([
      ...containers.flatMap(({ image, imageRef, imageId }) => [image?.image, imageRef, imageId]),
      ...(mounted?.() ?? []),
    ])
    const now = clock.now()
    const inUse = (id: string, names: readonly string[]) => needed.has(id) || names.some(name => needed.has(name))
    const known = new Set(images.map(({ id }) => id))
    for (const id of this.#lastUsed.keys()) if (!known.has(id)) this.#lastUsed.delete(id)
    for (const { id, repoTags, repoDigests } of images)
      if (inUse(id, [...repoTags, ...repoDigests]) || !this.#lastUsed.has(id)) this.#lastUsed.set(id, now)
    const candidates = images
      .filter(({ id, pinned, repoTags, repoDigests }) => !pinned && !inUse(id, [...repoTags, ...repoDigests]))
      .map(image => ({ ...image, since: this.#lastUsed.get(image.id) ?? now }))
      .sort((a, b) => a.since - b.since)
    let removed = 0
    for (const { id, size, since } of candidates) {
      if (surplus <= 0) break
      if (!always && now - since < youngest) continue
      await cri.removeImage({ image: { image: id } }).catch(error => {
        if (!isNotFound(error)) throw error
      })
      surplus -= size
      removed++
    }
    return removed
  }
}
