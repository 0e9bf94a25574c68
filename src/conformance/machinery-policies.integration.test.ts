import assert from 'node:assert/strict'
import {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from '../api/admissionregistration/v1/index.js'
import { Deployment } from '../api/apps/v1/index.js'
import type { Client } from '../client/client.js'
import { eventually } from '../controllers/eventually.js'
import { discovered, lifeOf, statusOf } from './api-life.js'
import { requirements } from './requirements.js'

const deployments = (namespace: string) => ({
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
  resourceRules: [
    { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['deployments'] },
  ],
})

const deployment = (client: Client, namespace: string, name: string, replicas: number) =>
  client.create(Deployment, {
    metadata: { namespace, name },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'c:1' }] } },
    },
  })

async function validate(client: Client, namespace: string, spec: object): Promise<void> {
  const metadata = { name: namespace }
  await client.create(ValidatingAdmissionPolicy, {
    metadata,
    spec: { matchConstraints: deployments(namespace), ...spec },
  })
  const binding = { policyName: namespace, validationActions: ['Deny'] }
  await client.create(ValidatingAdmissionPolicyBinding, { metadata, spec: binding })
}

async function mutate(client: Client, namespace: string, mutation: object): Promise<void> {
  const metadata = { name: namespace }
  await client.create(MutatingAdmissionPolicy, {
    metadata,
    spec: {
      matchConstraints: deployments(namespace),
      reinvocationPolicy: 'Never',
      mutations: [mutation] as never,
    },
  })
  await client.create(MutatingAdmissionPolicyBinding, { metadata, spec: { policyName: namespace } })
}

requirements('sig-api-machinery: admission policies', {}, requirement => {
  const validations = [{ expression: 'object.spec.replicas > 1', messageExpression: "'too few replicas'" }]

  requirement('ValidatingAdmissionPolicy: validates a deployment', async ({ client, namespace }) => {
    await validate(client, namespace, { validations })
    await eventually(async () => {
      const { status, metadata } = await client.get(ValidatingAdmissionPolicy, { name: namespace })
      assert.deepEqual([status?.observedGeneration, status?.typeChecking], [metadata.generation, {}])
    })
    await deployment(client, namespace, 'enough', 2)
    await assert.rejects(deployment(client, namespace, 'few', 1), /too few replicas/)
  })

  requirement('ValidatingAdmissionPolicy: type checks its expressions', async ({ client, namespace }) => {
    await validate(client, namespace, { validations: [{ expression: 'object.spec.replicas > "1"' }] })
    await eventually(async () => {
      const { status } = await client.get(ValidatingAdmissionPolicy, { name: namespace })
      const [warning] = status?.typeChecking?.expressionWarnings ?? []
      assert.equal(warning?.fieldRef, 'spec.validations[0].expression')
      assert.match(warning?.warning ?? '', /found no matching overload for '_>_' applied to '\(int, string\)'/)
    })
  })

  requirement('ValidatingAdmissionPolicy: lets expressions refer to variables', async ({ client, namespace }) => {
    await validate(client, namespace, {
      variables: [
        { name: 'replicas', expression: 'object.spec.replicas' },
        { name: 'enough', expression: 'variables.replicas > 1' },
      ],
      validations: [{ expression: 'variables.enough', message: 'too few replicas' }],
    })
    await deployment(client, namespace, 'enough', 2)
    await assert.rejects(deployment(client, namespace, 'few', 1), /too few replicas/)
  })

  requirement('MutatingAdmissionPolicy: mutates a deployment', async ({ client, namespace }) => {
    await mutate(client, namespace, {
      patchType: 'JSONPatch',
      jsonPatch: { expression: '[JSONPatch{op: "replace", path: "/spec/replicas", value: object.spec.replicas + 1}]' },
    })
    assert.equal((await deployment(client, namespace, 'a', 2)).spec.replicas, 3)
  })

  requirement('MutatingAdmissionPolicy: adds annotations to a deployment', async ({ client, namespace }) => {
    await mutate(client, namespace, {
      patchType: 'ApplyConfiguration',
      applyConfiguration: { expression: 'Object{metadata: Object.metadata{annotations: {"mutated": "yes"}}}' },
    })
    assert.equal((await deployment(client, namespace, 'a', 1)).metadata.annotations?.mutated, 'yes')
  })

  // These match a namespace that is not there: they are to be kept, not to be felt.
  const matchConstraints = deployments('none')

  requirement('ValidatingAdmissionPolicy API', async ({ client, namespace }) => {
    await discovered(client, ValidatingAdmissionPolicy, true)
    const spec = { matchConstraints, validations }
    await lifeOf(client, ValidatingAdmissionPolicy, namespace, { spec }, { spec: { failurePolicy: 'Ignore' } })
    await statusOf(client, ValidatingAdmissionPolicy, { metadata: { name: namespace }, spec })
  })

  requirement('ValidatingadmissionPolicyBinding API', async ({ client, namespace }) => {
    await discovered(client, ValidatingAdmissionPolicyBinding, false)
    const spec = { policyName: 'none.example.com', validationActions: ['Deny'] }
    const changed = { spec: { validationActions: ['Warn'] } }
    await lifeOf(client, ValidatingAdmissionPolicyBinding, namespace, { spec }, changed)
  })

  requirement('MutatingAdmissionPolicy API', async ({ client, namespace }) => {
    await discovered(client, MutatingAdmissionPolicy, false)
    const applyConfiguration = { expression: 'Object{metadata: Object.metadata{annotations: {"mutated": "yes"}}}' }
    const mutations = [{ patchType: 'ApplyConfiguration', applyConfiguration }]
    const spec = { matchConstraints, reinvocationPolicy: 'Never', mutations }
    await lifeOf(client, MutatingAdmissionPolicy, namespace, { spec }, { spec: { failurePolicy: 'Ignore' } })
  })

  requirement('MutatingAdmissionPolicyBinding API', async ({ client, namespace }) => {
    await discovered(client, MutatingAdmissionPolicyBinding, false)
    const spec = { policyName: 'none.example.com' }
    const changed = { spec: { matchResources: { objectSelector: { matchLabels: { none: 'none' } } } } }
    await lifeOf(client, MutatingAdmissionPolicyBinding, namespace, { spec }, changed)
  })
})
