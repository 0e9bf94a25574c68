import { Pod } from '../../api/core/v1/index.js'
import { type AdmissionPlugin, admission } from './admission.js'

/** Seconds a pod stays on a node that is not ready or unreachable, unless it says otherwise. */
const seconds = 300
const keys = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']

/** DefaultTolerationSeconds: https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#defaulttolerationseconds */
export const defaultTolerationSeconds: AdmissionPlugin = admission({
  name: 'DefaultTolerationSeconds',
  match: { resources: [Pod] },
  mutate({ object: { spec } }) {
    for (const key of keys) {
      const covered = spec.tolerations?.some(
        toleration =>
          (!toleration.key || toleration.key === key) && (!toleration.effect || toleration.effect === 'NoExecute'),
      )
      if (covered) continue
      spec.tolerations = [
        ...(spec.tolerations ?? []),
        { key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: seconds },
      ]
    }
  },
})
