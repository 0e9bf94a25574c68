import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Pod } from '../../api/core/v1/index.js'
import type { ImageMounts } from '../runtime/image-mounts.js'
import { normalizeImageName } from '../runtime/image-names.js'

const kind = 'kubernetes.io~image'

/** Where the images of a pod's volume are mounted, in one folder an image: a tag may have moved between two starts. */
export const imageVolumeFolder = (podsFolder: string, uid: string, volume: string): string =>
  join(podsFolder, uid, 'volumes', kind, volume)

/** Unmounts all image volumes of a pod. */
export async function releaseImageVolumes(
  podsFolder: string,
  uid: string,
  mounts: Pick<ImageMounts, 'release'>,
): Promise<void> {
  const volumes = join(podsFolder, uid, 'volumes', kind)
  for (const volume of await readdir(volumes).catch(() => []))
    for (const image of await readdir(join(volumes, volume))) await mounts.release(join(volumes, volume, image))
}

/** The full names of all images that pods have as volumes. */
export const imageVolumeReferences = (pods: readonly Pod[]): readonly string[] =>
  pods.flatMap(({ spec }) =>
    (spec.volumes ?? []).flatMap(({ image }) => {
      try {
        return image?.reference ? [normalizeImageName(image.reference)] : []
      } catch {
        // No name of any image: nothing of it can be on the node.
        return []
      }
    }),
  )
