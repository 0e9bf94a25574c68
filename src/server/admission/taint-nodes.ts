import { Node } from '../../api/core/v1/index.js'
import { type AdmissionPlugin, admission } from './admission.js'

const key = 'node.kubernetes.io/not-ready'
const effect = 'NoSchedule'

/**
 * TaintNodesByCondition: a new node takes no pods until it is known to be ready.
 * https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#taintnodesbycondition
 */
export const taintNodesByCondition: AdmissionPlugin = admission({
  name: 'TaintNodesByCondition',
  match: { resources: [Node], operations: ['CREATE'] },
  mutate({ object: node }) {
    if (node.spec.taints?.some(taint => taint.key === key && taint.effect === effect)) return
    node.spec.taints = [...(node.spec.taints ?? []), { key, effect }]
  },
})
