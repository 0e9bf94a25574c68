import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeJson } from '../../../schema/index.js'
import { flowSchemas } from './flow-schemas.js'
import { FlowSchema, mandatoryFlowSchemas, mandatoryPriorityLevels, PriorityLevelConfiguration } from './index.js'
import { priorityLevelConfigurations } from './priority-level-configurations.js'

type Fields = { readonly [field: string]: unknown }

const subjects = [{ kind: 'User', user: { name: 'u' } }]
const ruleOf = (rule: Fields) => ({ rules: [{ subjects, nonResourceRules: [rule] }] })

const schemaFaults = (name: string, spec: Fields): string[] =>
  (
    flowSchemas.strategy.validate?.(
      decodeJson(FlowSchema, {
        kind: 'FlowSchema',
        apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
        metadata: { name },
        spec: { priorityLevelConfiguration: { name: 'l' }, matchingPrecedence: 100, ...spec },
      }),
    ) ?? []
  ).map(({ field, message }) => `${field}: ${message}`)

const cases: readonly (readonly [string, Fields, readonly string[]])[] = [
  ['all verbs', ruleOf({ verbs: ['*'], nonResourceURLs: ['*'] }), []],
  [
    'all verbs and one more, a path without a slash',
    ruleOf({ verbs: ['*', 'x'], nonResourceURLs: ['healthz'] }),
    [
      `spec.rules[0].nonResourceRules[0].verbs: Invalid value: ["*","x"]: if '*' is present, must not specify other verbs`,
      'spec.rules[0].nonResourceRules[0].nonResourceURLs[0]: Invalid value: "healthz": must start with slash',
    ],
  ],
  [
    'a way to tell flows apart that is none',
    { distinguisherMethod: { type: 'ByHat' } },
    ['spec.distinguisherMethod.type: Unsupported value: {"Type":"ByHat"}: supported values: "ByNamespace", "ByUser"'],
  ],
]

const levelFaults = (name: string, spec: object): string[] =>
  (
    priorityLevelConfigurations.strategy.validate?.(
      decodeJson(PriorityLevelConfiguration, {
        kind: 'PriorityLevelConfiguration',
        apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
        metadata: { name },
        spec,
      }),
    ) ?? []
  ).map(({ message }) => message.slice(message.lastIndexOf('spec of')))

describe('flow schemas and priority levels', () => {
  for (const [name, spec, expected] of cases)
    it(`are told: ${name}`, () => assert.deepEqual(schemaFaults('s', spec), expected))

  it('that every server has may not be changed', () => {
    const { exempt, 'catch-all': rest } = mandatoryPriorityLevels
    assert.deepEqual(schemaFaults('exempt', { ...mandatoryFlowSchemas['exempt'] }), [])
    assert.equal(schemaFaults('exempt', {}).length, 1)
    assert.deepEqual(levelFaults('exempt', { ...exempt, exempt: { nominalConcurrencyShares: 5 } }), [])
    assert.deepEqual(levelFaults('catch-all', { ...rest, limited: { ...rest?.limited, lendablePercent: 5 } }), [
      "spec of 'catch-all' must equal the fixed value",
    ])
  })
})
