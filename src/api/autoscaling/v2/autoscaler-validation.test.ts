import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeJson } from '../../../schema/index.js'
import { validateAutoscaler } from './autoscaler-validation.js'
import { HorizontalPodAutoscaler } from './index.js'

type Fields = { readonly [field: string]: unknown }

const autoscalerOf = (spec: Fields): HorizontalPodAutoscaler =>
  decodeJson(HorizontalPodAutoscaler, {
    kind: 'HorizontalPodAutoscaler',
    apiVersion: 'autoscaling/v2',
    metadata: { name: 'a', namespace: 'n' },
    spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' }, ...spec },
  })

const known = 'supported values: "ContainerResource", "External", "Object", "Pods", "Resource"'
const target = { type: 'Utilization', averageUtilization: 50 }
const coreTarget = { scaleTargetRef: { apiVersion: 'v1', kind: 'Deployment', name: 'd' } }

const cases: readonly (readonly [string, Fields, Fields | undefined, readonly string[]])[] = [
  ['nothing', {}, undefined, []],
  ['no limit', { maxReplicas: 0 }, undefined, ['spec.maxReplicas: Required value: must be set and greater than 0']],
  [
    'a limit below zero',
    { maxReplicas: -1 },
    undefined,
    ['spec.maxReplicas: Invalid value: -1: must be greater than or equal to 1'],
  ],
  [
    'a target without a group',
    coreTarget,
    undefined,
    ['spec.scaleTargetRef.apiVersion: Invalid value: "v1": apiVersion must specify API group'],
  ],
  ['a target without a group that was there before', coreTarget, coreTarget, []],
  [
    'a replication controller',
    { scaleTargetRef: { apiVersion: 'v1', kind: 'ReplicationController', name: 'r' } },
    undefined,
    [],
  ],
  [
    'a metric of no type',
    { metrics: [{}] },
    undefined,
    [
      'spec.metrics[0].type: Required value: must specify a metric source type',
      `spec.metrics[0].type: Unsupported value: "": ${known}`,
      `spec.metrics[0].type: Unsupported value: "": ${known}`,
    ],
  ],
  [
    'a container by a name that is none',
    { metrics: [{ type: 'ContainerResource', containerResource: { name: 'cpu', container: 'C', target } }] },
    undefined,
    [
      `spec.metrics[0].containerResource.container: Invalid value: "C": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')`,
    ],
  ],
  [
    'nobody at all',
    { minReplicas: 0 },
    undefined,
    [
      'spec.minReplicas: Invalid value: 0: must be greater than or equal to 1',
      'spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas',
    ],
  ],
]

describe('the rules of autoscalers', () => {
  for (const [name, spec, old, expected] of cases)
    it(`are about ${name}`, () =>
      assert.deepEqual(
        validateAutoscaler(autoscalerOf(spec), old && autoscalerOf(old)).map(
          ({ field, message }) => `${field}: ${message}`,
        ),
        expected,
      ))
})
