import type { Pod } from '../api/core/v1/index.js'
import { nodeMatches, type SelectableNode } from '../api/core/v1/node-matches.js'

/** Whether this node has what a pod insists on. */
export const matchesNodeSelector = ({ spec }: Pod, node: SelectableNode['metadata']): boolean =>
  nodeMatches(spec, { metadata: node })
