import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from '../../../api/admissionregistration/v1/index.js'
import { Deployment } from '../../../api/apps/v1/index.js'
import { ConfigMap, Namespace } from '../../../api/core/v1/index.js'
import { ControlPlane } from '../../../cluster/control-plane.js'

const configMaps = {
  resourceRules: [
    { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['configmaps'] },
  ],
}

describe('admission policies', () => {
  let plane: ControlPlane
  let count = 0
  let namespace = ''
  before(async () => {
    plane = await ControlPlane.start({ controllers: false, scheduler: false })
  })
  after(() => plane[Symbol.asyncDispose]())
  beforeEach(async () => {
    namespace = `ns-${++count}`
    await plane.client.create(Namespace, { metadata: { name: namespace } })
  })

  const inNamespace = () => ({
    ...configMaps,
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
  })
  const make = (name: string, data: { readonly [key: string]: string } = {}) =>
    plane.client.create(ConfigMap, { metadata: { namespace, name }, data })
  const validating = async (spec: object, binding: object = {}) => {
    const metadata = { name: `p-${count}` }
    await plane.client.create(ValidatingAdmissionPolicy, {
      metadata,
      spec: { matchConstraints: inNamespace(), ...spec },
    })
    await plane.client.create(ValidatingAdmissionPolicyBinding, {
      metadata,
      spec: { policyName: metadata.name, validationActions: ['Deny'], ...binding },
    })
  }
  const mutating = async (mutations: readonly object[], spec: object = {}) => {
    const metadata = { name: `p-${count}` }
    await plane.client.create(MutatingAdmissionPolicy, {
      metadata,
      spec: {
        matchConstraints: inNamespace(),
        reinvocationPolicy: 'Never',
        mutations: [...mutations] as never,
        ...spec,
      },
    })
    await plane.client.create(MutatingAdmissionPolicyBinding, { metadata, spec: { policyName: metadata.name } })
  }

  it('refuse with the message of the rule, with old object, variables and parameters', async () => {
    await make('limits', { most: '2' })
    await validating(
      {
        paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
        variables: [
          { name: 'most', expression: 'int(params.data.most)' },
          { name: 'size', expression: 'size(object.?data.orValue({}))' },
        ],
        validations: [
          { expression: 'variables.size <= variables.most', messageExpression: "'most ' + string(variables.most)" },
        ],
      },
      { paramRef: { name: 'limits', parameterNotFoundAction: 'Deny' } },
    )
    await make('few', { a: '1' })
    await assert.rejects(make('many', { a: '1', b: '2', c: '3' }), {
      code: 422,
      reason: 'Invalid',
      message: `configmaps "many" is forbidden: ValidatingAdmissionPolicy 'p-${count}' with binding 'p-${count}' denied request: most 2`,
    })
  })

  it('say what cannot be evaluated, or let it pass', async () => {
    const validations = [{ expression: "object.data.missing == 'x'" }]
    await validating({ validations })
    await assert.rejects(
      make('a'),
      /expression 'object.data.missing == 'x'' resulted in error: no such key: (data|missing)/,
    )
    await plane.client.patch(
      ValidatingAdmissionPolicy,
      { name: `p-${count}` },
      { type: 'merge', body: { spec: { failurePolicy: 'Ignore' } } },
    )
    await make('b')
  })

  for (const [what, spec, validationActions, message] of [
    [
      'a variable, by its name',
      {
        variables: [{ name: 'x', expression: "object.data['x']" }],
        validations: [{ expression: "variables.x == 'x'" }],
      },
      ['Deny'],
      `expression 'variables.x == 'x'' resulted in error: composited variable "x" fails to evaluate: no such key: data`,
    ],
    [
      'what the log is to be told, even where nothing else would refuse',
      { auditAnnotations: [{ key: 'x', valueExpression: "string(object.data['x'])" }] },
      ['Warn'],
      `expression 'string(object.data['x'])' resulted in error: no such key: data`,
    ],
    [
      'all conditions',
      {
        matchConditions: ['x', 'y'].map(name => ({ name, expression: `object.data['${name}'] == 'x'` })),
        validations: [{ expression: 'true' }],
      },
      ['Deny'],
      `[expression 'object.data['x'] == 'x'' resulted in error: no such key: data, expression 'object.data['y'] == 'x'' resulted in error: no such key: data]`,
    ],
  ] as const)
    it(`say what of ${what} cannot be evaluated`, async () => {
      await validating(spec, { validationActions: [...validationActions] })
      await assert.rejects(make('a'), {
        code: 422,
        message: `configmaps "a" is forbidden: ValidatingAdmissionPolicy 'p-${count}' with binding 'p-${count}' denied request: ${message}`,
      })
    })

  it('see the scale of an object for what it is', async () => {
    const scaling = {
      apiGroups: ['apps'],
      apiVersions: ['v1'],
      operations: ['UPDATE'],
      resources: ['deployments/scale'],
    }
    await validating({
      matchConstraints: { ...inNamespace(), resourceRules: [scaling] },
      validations: [
        {
          expression: 'object.spec.replicas < 3',
          messageExpression: 'request.kind.kind + " from " + string(oldObject.spec.replicas)',
        },
      ],
    })
    const labels = { app: 'd' }
    await plane.client.create(Deployment, {
      metadata: { namespace, name: 'd' },
      spec: {
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } },
      },
    })
    const scale = (replicas: number, options: object) => {
      const body = { spec: { replicas } }
      return plane.client.patch(Deployment, { namespace, name: 'd' }, { type: 'merge', body }, options)
    }
    await scale(2, { subresource: 'scale' })
    await assert.rejects(scale(3, { subresource: 'scale' }), /"d" is forbidden: .* denied request: Scale from 2$/)
    await scale(3, {})
  })

  it('ask the authorizer, and know who asks', async () => {
    await validating({
      validations: [
        {
          expression:
            "request.userInfo.username == 'nobody' || authorizer.group('').resource('pods').check('get').allowed()",
        },
        { expression: "!authorizer.serviceAccount('default', 'none').path('/metrics').check('get').allowed()" },
        { expression: "authorizer.requestResource.check('create').allowed()" },
        { expression: "request.operation == 'CREATE' && namespaceObject.metadata.name == request.namespace" },
      ],
    })
    await make('a')
  })

  it('change objects by patches and by what is applied, each upon the last', async () => {
    await mutating([
      { patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'Object{data: {"a": "1"}}' } },
      {
        patchType: 'JSONPatch',
        jsonPatch: {
          expression:
            '[JSONPatch{op: "add", path: "/data/" + jsonpatch.escapeKey("b"), value: string(size(object.data))}]',
        },
      },
    ])
    const { data, metadata } = await make('x', { own: 'y' })
    assert.deepEqual(data, { own: 'y', a: '1', b: '2' })
    assert.equal(metadata.name, 'x')
    assert.equal((await plane.client.get(ConfigMap, { namespace, name: 'x' })).metadata.uid, metadata.uid)
  })

  it('leave alone what their conditions exclude', async () => {
    await mutating(
      [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'Object{data: {"a": "1"}}' } }],
      {
        matchConditions: [{ name: 'not-exempt', expression: "object.metadata.name != 'exempt'" }],
      },
    )
    assert.equal((await make('exempt')).data, undefined)
    assert.deepEqual((await make('other')).data, { a: '1' })
  })

  it('deny what they cannot change', async () => {
    const patch = (expression: string) => [{ patchType: 'JSONPatch', jsonPatch: { expression } }]
    const apply = (expression: string) => [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression } }]
    const applying = 'error applying patch: '
    for (const [mutations, code, why] of [
      [
        patch('[JSONPatch{op: "remove", path: "/data/no"}]'),
        403,
        "JSON Patch: error in remove for path: '/data/no': Unable to remove nonexistent key: no: missing value",
      ],
      [
        patch('[JSONPatch{op: "add", path: "/no/a", value: "b"}]'),
        403,
        'JSON Patch: add operation does not apply: doc is missing path: "/no/a": missing value',
      ],
      [patch('[JSONPatch{op: "test", path: "/data/x", value: "no"}]'), 201, ''],
      [
        patch('[JSONPatch{op: "add", path: "/data", value: {"a": 1}}]'),
        500,
        'json: cannot unmarshal number into Go struct field ConfigMap.data of type string',
      ],
      [patch('[JSONPatch{op: "add", path: "/bogus", value: 1}]'), 500, 'strict decoding error: unknown field "bogus"'],
      [
        patch('[JSONPatch{op: "replace", path: "/kind", value: "Foo"}]'),
        500,
        'no kind "Foo" is registered for version "v1" in scheme "pkg/api/legacyscheme/scheme.go:30"',
      ],
      [
        apply('Object{foo: 1}'),
        403,
        `${applying}failed to convert patch object to typed object: .foo: field not declared in schema`,
      ],
      [
        apply('Object{metadata: Object.metadata{ownerReferences: [Object.metadata.ownerReferences{uid: "u"}]}}'),
        403,
        `${applying}invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .metadata.ownerReferences[0]`,
      ],
    ] as const) {
      namespace = `ns-${++count}`
      await plane.client.create(Namespace, { metadata: { name: namespace } })
      await mutating(mutations)
      if (code === 201) {
        assert.deepEqual((await make('a', { x: 'y' })).data, { x: 'y' })
        continue
      }
      const by = `policy 'p-${count}' with binding 'p-${count}' denied request: `
      const message = code === 500 ? `Internal error occurred: ${why}` : by + why
      const reason = code === 500 ? 'InternalError' : 'Invalid'
      await assert.rejects(make('a', { x: 'y' }), { code, reason, message })
    }
  })

  it('are refused when they do not compile', async () => {
    await assert.rejects(
      validating({ validations: [{ expression: 'object.metadata.name' }] }),
      /spec.validations\[0\].expression: Invalid value: "object.metadata.name": must evaluate to bool but got dyn/,
    )
    await assert.rejects(
      validating({ validations: [{ expression: "object.metadata.name.matches('(')" }] }),
      /spec.validations\[0\].expression: Internal error: program instantiation failed: error parsing regexp: missing closing \): `\(`/,
    )
  })
})
