import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { ValidatingAdmissionPolicy } from '../../api/admissionregistration/v1/index.js'
import { CustomResourceDefinition } from '../../api/apiextensions/v1/index.js'
import { ControlPlane } from '../../cluster/control-plane.js'
import { until } from '../../server/test-server.js'

const policy = (name: string, groups: string[], resources: string[], spec: object) =>
  ({
    metadata: { name },
    spec: {
      matchConstraints: {
        resourceRules: [{ apiGroups: groups, apiVersions: ['v1'], resources, operations: ['CREATE', 'UPDATE'] }],
      },
      ...spec,
    },
  }) as never

describe('the status of validating admission policies', () => {
  let plane: ControlPlane
  const faults: unknown[] = []
  before(async () => {
    plane = await ControlPlane.start({ port: false, scheduler: false, onError: error => faults.push(error) })
  })
  after(async () => {
    await plane[Symbol.asyncDispose]()
    assert.deepEqual(faults, [])
  })
  /** The status once the newest generation has been looked at, and the warnings are as many as expected. */
  const statusOf = async (name: string, warnings: number) => {
    const read = () => plane.client.get(ValidatingAdmissionPolicy, { name })
    const holds = ({ metadata, status }: ValidatingAdmissionPolicy) =>
      status.observedGeneration === metadata.generation &&
      (status.typeChecking?.expressionWarnings ?? []).length === warnings
    await until(async () => holds(await read()), name)
    return (await read()).status
  }

  it('says what is wrong with the types of expressions, kind by kind', async () => {
    const validations = [
      { expression: 'object.replicas > 1' },
      { expression: 'variables.count > 1', messageExpression: '"at most " + params.max' },
      { expression: 'object.spec.replicas > 1', messageExpression: 'string(object.spec.replicas)' },
      { expression: 'has(object.spec.template.spec.containers[0].resources.limits)' },
      { expression: 'oldObject.metadata.labels["a"] == "b" && namespaceObject.metadata.name == request.namespace' },
      { expression: "object.spec.selector.matchLabels['a'] == 1" },
    ]
    const variables = [{ name: 'count', expression: 'object.spec.replicas' }]
    await plane.client.create(
      ValidatingAdmissionPolicy,
      policy('typed', ['apps'], ['deployments', 'replicasets'], {
        variables,
        validations,
        paramKind: { apiVersion: 'rules.example.com/v1', kind: 'Limit' },
      }),
    )
    const { typeChecking, observedGeneration } = await statusOf('typed', 3)
    assert.equal(observedGeneration, 1)
    const faults = (fault: string) =>
      ['Deployment', 'ReplicaSet'].map(kind => `apps/v1, Kind=${kind}: ${fault}\n`).join('\n')
    const [first, second, third] = typeChecking?.expressionWarnings ?? []
    assert.deepEqual(first, {
      fieldRef: 'spec.validations[0].expression',
      warning: faults("ERROR: <input>:1:7: undefined field 'replicas'\n | object.replicas > 1\n | ......^"),
    })
    // Parameters of a kind that is not there are none.
    assert.equal(second?.fieldRef, 'spec.validations[1].messageExpression')
    assert.match(second?.warning ?? '', /undeclared reference to 'params' \(in container ''\)/)
    assert.equal(third?.fieldRef, 'spec.validations[5].expression')
    assert.match(third?.warning ?? '', /found no matching overload for '_==_' applied to '\(string, int\)'/)
  })

  it('has nothing to say of what is right, or names no kinds', async () => {
    for (const [name, groups, resources] of [
      ['right', [''], ['configmaps']],
      ['any', ['*'], ['*']],
    ] as const) {
      const validations = [{ expression: name === 'right' ? 'has(object.data.a)' : 'object.no.such.field == 1' }]
      await plane.client.create(ValidatingAdmissionPolicy, policy(name, [...groups], [...resources], { validations }))
      assert.deepEqual((await statusOf(name, 0)).typeChecking, {}, name)
    }
  })

  it('is told anew when the policy changes, and when custom resources come', async () => {
    const validations = [{ expression: 'object.spec.size > params.spec.max' }]
    const spec = { validations, paramKind: { apiVersion: 'parts.example.com/v1', kind: 'Limit' } }
    await plane.client.create(ValidatingAdmissionPolicy, policy('custom', ['parts.example.com'], ['widgets'], spec))
    await statusOf('custom', 0)
    const define = (plural: string, kind: string, properties: object) =>
      plane.client.create(CustomResourceDefinition, {
        metadata: { name: `${plural}.parts.example.com` },
        spec: {
          group: 'parts.example.com',
          scope: 'Namespaced',
          names: { plural, kind },
          versions: [
            {
              name: 'v1',
              served: true,
              storage: true,
              schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties } } } },
            },
          ],
        },
      } as never)
    await define('widgets', 'Widget', { size: { type: 'integer' } })
    assert.match(
      (await statusOf('custom', 1)).typeChecking?.expressionWarnings?.[0]?.warning ?? '',
      /undeclared reference to 'params'/,
    )
    await define('limits', 'Limit', { max: { type: 'integer' } })
    await statusOf('custom', 0)
    await plane.client.patch(
      ValidatingAdmissionPolicy,
      { name: 'custom' },
      { type: 'merge', body: { spec: { validations: [{ expression: 'object.spec.sizes > 1' }] } } },
    )
    const { typeChecking } = await statusOf('custom', 1)
    assert.equal(
      typeChecking?.expressionWarnings?.[0]?.warning,
      "parts.example.com/v1, Kind=Widget: ERROR: <input>:1:12: undefined field 'sizes'\n | object.spec.sizes > 1\n | ...........^\n",
    )
  })
})
