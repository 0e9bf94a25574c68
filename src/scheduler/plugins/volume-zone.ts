import { type Node, PersistentVolume } from '../../api/core/v1/index.js'
import { StorageClass } from '../../api/storage/v1/index.js'
import type { PluginFactory } from '../framework.js'
import { claimInterest, kindInterest, nodeInterest } from '../hints.js'
import { podClaims } from '../volumes/pod-claims.js'
import { volumeState } from '../volumes/volume-state.js'

/** The labels of places, by what they were called before. */
const formerNames: Readonly<Record<string, string>> = {
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
}
const placeLabels = Object.entries(formerNames).flat()

const elsewhere = { reasons: ['node(s) had no available volume zone'], unresolvable: true }

/** Where a volume is: values, of which nodes must have one, by label. */
type Place = readonly (readonly [label: string, values: readonly string[]])[]

/** A pod goes to the zone and region that its volumes are labelled with. */
export const volumeZone: PluginFactory = ({ informers }) => {
  const state = volumeState(informers)
  return {
    name: 'VolumeZone',
    events: [
      kindInterest(StorageClass, ['add']),
      nodeInterest(['add', 'updateNodeLabel']),
      claimInterest(['add', 'update']),
      kindInterest(PersistentVolume, ['add', 'update'], (old, now) => !old || placeText(old) !== placeText(now)),
    ],
    filter({ pod }) {
      const places = (podClaims(pod, state)?.bound ?? []).flatMap(({ spec }) =>
        placeOf(state.volumes.get({ name: spec.volumeName ?? '' })),
      )
      if (places.length === 0) return undefined
      return ({ node }) => (!node || isIn(node, places) ? undefined : elsewhere)
    },
  }
}

function placeOf(volume: PersistentVolume | undefined): Place {
  const { labels = {} } = volume?.metadata ?? {}
  return placeLabels.flatMap(label => {
    const value = labels[label]
    // Volumes may be in several zones at once.
    return value === undefined ? [] : [[label, value.split('__')] as const]
  })
}

const placeText = (volume: PersistentVolume | undefined): string => JSON.stringify(placeOf(volume))

/** Nodes that say nothing of where they are will do. */
function isIn({ metadata: { labels = {} } }: Node, places: Place): boolean {
  if (!placeLabels.some(label => labels[label] !== undefined)) return true
  return places.every(([label, values]) => values.includes(labels[label] ?? labels[formerNames[label] ?? ''] ?? ''))
}
