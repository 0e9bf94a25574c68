import { maximumScore, type SchedulerPlugin } from '../framework.js'

const megabyte = 1024 * 1024
/** Present images of fewer bytes in all make no difference; with more (per container) a node cannot be better. */
const least = 23 * megabyte
const mostPerContainer = 1000 * megabyte

/** Prefers nodes that have the pod's images, the larger ones more, as long as the image is not rare among the nodes. */
export const imageLocality: SchedulerPlugin = {
  name: 'ImageLocality',
  score({ pod: { spec }, snapshot }) {
    const images = [...(spec.initContainers ?? []), ...spec.containers].map(({ image }) => normalizedName(image ?? ''))
    const total = snapshot.nodes.length
    if (total < 2) return undefined
    const spread = new Map<string, number>()
    for (const image of new Set(images)) spread.set(image, snapshot.imageSpread(image) / total)
    if ([...spread.values()].every(share => share === 0)) return undefined
    const most = mostPerContainer * images.length
    return {
      signature: JSON.stringify([images, ...spread.values()]),
      score(info) {
        let bytes = 0
        for (const image of images) bytes += Math.floor((info.images.get(image) ?? 0) * (spread.get(image) ?? 0))
        const within = Math.min(Math.max(bytes, least), most)
        return Math.floor((maximumScore * (within - least)) / (most - least))
      },
    }
  },
}

/** Nodes report images with their tag. */
const normalizedName = (image: string): string =>
  image.lastIndexOf(':') > image.lastIndexOf('/') || image.includes('@') ? image : `${image}:latest`
