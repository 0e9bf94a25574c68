import { type Resource, resource, statusView } from '../../../machinery/resource.js'
import { statusApart } from '../../status-apart.js'
import { validateAutoscaler, validateAutoscalerStatus } from '../v2/autoscaler-validation.js'
import type { HorizontalPodAutoscaler as Newer } from '../v2/horizontal-pod-autoscaler.js'
import { autoscalerColumns } from '../v2/horizontal-pod-autoscalers.js'
import { storedAutoscaler } from './autoscaler-conversion.js'
import { HorizontalPodAutoscaler } from './horizontal-pod-autoscaler.js'

const newer = (autoscaler: HorizontalPodAutoscaler): Newer => storedAutoscaler.write(autoscaler) as Newer

export const horizontalPodAutoscalersV1: Resource<HorizontalPodAutoscaler> = resource(HorizontalPodAutoscaler, {
  shortNames: ['hpa'],
  categories: ['all'],
  storedAs: storedAutoscaler,
  columns: autoscalerColumns<HorizontalPodAutoscaler>(newer),
  subresources: [statusView({ validateUpdate: now => validateAutoscalerStatus(newer(now)) })],
  defaults({ spec }) {
    spec.minReplicas ??= 1
  },
  strategy: {
    ...statusApart(() => ({ currentReplicas: 0, desiredReplicas: 0 })),
    validate: autoscaler => validateAutoscaler(newer(autoscaler)),
    validateUpdate: (autoscaler, old) => validateAutoscaler(newer(autoscaler), newer(old)),
  },
})
