import { Node } from '../../api/core/v1/index.js'
import { type AdmissionPlugin, draftOf } from './admission.js'

const key = 'node.kubernetes.io/not-ready'
const effect = 'NoSchedule'

/**
 * TaintNodesByCondition: a new node takes no pods until it is known to be ready.
 * https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#taintnodesbycondition
 */
export const taintNodesByCondition: AdmissionPlugin = {
  name: 'TaintNodesByCondition',
  mutate(request) {
    const node = request.operation === 'CREATE' ? draftOf(request, Node) : undefined
    if (!node || node.spec.taints?.some(taint => taint.key === key && taint.effect === effect)) return
    node.spec.taints = [...(node.spec.taints ?? []), { key, effect }]
  },
}
