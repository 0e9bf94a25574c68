import { Pod } from '../../api/core/v1/index.js'
import { index } from '../../client/controller.js'

/** Pods by the name of the node they are bound to. */
export const podsByNode = index(Pod, ({ spec }) => (spec.nodeName ? [spec.nodeName] : []))
