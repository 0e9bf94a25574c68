import { type Column, type Resource, resource, statusView } from '../../../machinery/resource.js'
import type { Draft } from '../../../schema/index.js'
import { ageColumn, nameColumn, textColumn, unset } from '../../columns.js'
import { statusApart } from '../../status-apart.js'
import { validateAutoscaler, validateAutoscalerStatus } from './autoscaler-validation.js'
import {
  HorizontalPodAutoscaler,
  type HorizontalPodAutoscalerSpec,
  type HPAScalingRules,
} from './horizontal-pod-autoscaler.js'
import { targetsText } from './metric-text.js'

export const horizontalPodAutoscalers: Resource<HorizontalPodAutoscaler> = resource(HorizontalPodAutoscaler, {
  shortNames: ['hpa'],
  categories: ['all'],
  columns: autoscalerColumns<HorizontalPodAutoscaler>(autoscaler => autoscaler),
  subresources: [statusView({ validateUpdate: validateAutoscalerStatus })],
  defaults: ({ spec }) => defaultAutoscaler(spec),
  strategy: {
    ...statusApart(() => ({ desiredReplicas: 0, currentMetrics: null })),
    validate: autoscaler => validateAutoscaler(autoscaler),
    validateUpdate: validateAutoscaler,
  },
})

/** Columns of autoscalers of any version, which all are described as the newest; `of` gives its form. */
export function autoscalerColumns<T extends { readonly metadata: HorizontalPodAutoscaler['metadata'] }>(
  of: (autoscaler: T) => HorizontalPodAutoscaler,
) {
  const columns: readonly Column<T>[] = [
    nameColumn,
    textColumn<T>(
      'Reference',
      autoscaler => {
        const { kind, name } = of(autoscaler).spec.scaleTargetRef
        return `${kind}/${name}`
      },
      { field: 'spec.scaleTargetRef' },
    ),
    textColumn<T>('Targets', autoscaler => targetsText(of(autoscaler)), { field: 'spec.metrics' }),
    textColumn<T>('MinPods', autoscaler => String(of(autoscaler).spec.minReplicas ?? unset), {
      field: 'spec.minReplicas',
    }),
    textColumn<T>('MaxPods', autoscaler => of(autoscaler).spec.maxReplicas, { field: 'spec.maxReplicas' }),
    textColumn<T>('Replicas', autoscaler => of(autoscaler).status.currentReplicas ?? 0, {
      field: 'status.currentReplicas',
    }),
    ageColumn,
  ]
  return columns.map(column => ({ ...column, describedBy: HorizontalPodAutoscaler }))
}

const defaultUtilization = 80

function defaultAutoscaler(spec: Draft<HorizontalPodAutoscalerSpec>): void {
  spec.minReplicas ??= 1
  if (!spec.metrics?.length)
    spec.metrics = [
      {
        type: 'Resource',
        resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: defaultUtilization } },
      },
    ]
  if (!spec.behavior) return
  spec.behavior.scaleUp = withDefaults(spec.behavior.scaleUp, {
    stabilizationWindowSeconds: 0,
    selectPolicy: 'Max',
    policies: [
      { type: 'Pods', value: 4, periodSeconds: 15 },
      { type: 'Percent', value: 100, periodSeconds: 15 },
    ],
  })
  spec.behavior.scaleDown = withDefaults(spec.behavior.scaleDown, {
    selectPolicy: 'Max',
    policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
  })
}

const withDefaults = (
  rules: Draft<HPAScalingRules> | undefined,
  defaults: Draft<HPAScalingRules>,
): Draft<HPAScalingRules> => ({
  ...defaults,
  ...rules,
  ...(rules?.policies?.length ? {} : { policies: defaults.policies ?? [] }),
})
