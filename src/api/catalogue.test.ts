import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import * as meta from '../machinery/meta/index.js'
import {
  type AnySchema,
  decodeJson,
  type Field,
  fieldOf,
  jsonFields,
  type MessageSchema,
  reachableMessages,
  resolve,
} from '../schema/index.js'
import { kindOf, kinds, messages } from './catalogue.js'
import * as api from './index.js'

const byName = new Map(messages.map(message => [message.name, message]))

/** A message by the end of its protobuf name: `core.v1.Pod`. */
function named(suffix: string): MessageSchema {
  const found = messages.find(message => message.name.endsWith(`.${suffix}`))
  assert.ok(found, suffix)
  return found
}

/** `core.v1.PodSpec.containers` -> the field, looking through inlined messages. */
function fieldAt(path: string): Field<AnySchema> {
  const dot = path.lastIndexOf('.')
  const field = fieldOf(named(path.slice(0, dot)), path.slice(dot + 1))
  assert.ok(field, path)
  return field
}

function typeOf(schema: AnySchema): string {
  const resolved = resolve(schema)
  switch (resolved.kind) {
    case 'list':
      return `${typeOf(resolved.item)}${resolved.semantics.wrapped ? '(wrapped)' : '[]'}`
    case 'map':
      return `map<${typeOf(resolved.value)}>`
    case 'message':
      return resolved.name
    default:
      return resolved.kind
  }
}

const digest = (lines: readonly string[]) => createHash('sha256').update(lines.toSorted().join('\n')).digest('hex')

test('the catalogue holds every message, each under one name', () => {
  assert.equal(messages.length, 581)
  assert.equal(byName.size, messages.length)
  assert.equal(kinds.length, 103)
  assert.equal(kinds.filter(kind => kind.plural).length, 69)
})

test('numbers and types are what protobuf clients expect', () => {
  const lines = messages.flatMap(({ name, fields }) =>
    Object.values(fields)
      .filter(field => field.number)
      .map(field => `${name}:${field.number}:${typeOf(field.schema)}`),
  )
  assert.equal(lines.length, 2275)
  assert.equal(digest(lines), '9dc250cd5fb1e26a86d569c1e3e45b08ae456a460d7d5cbd0f9b6a55fdd4731f')
})

test('presence, defaults, enums and list semantics are what is published', () => {
  const lines = messages.flatMap(message =>
    jsonFields(message).map(({ name, field }) => {
      const { presence, default: value, enum: values, patch, required, nullable, granular } = field
      const resolved = resolve(field.schema)
      const list = resolved.kind === 'list' ? resolved.semantics : undefined
      const atomic = resolved.kind === 'map' ? resolved.atomic : message.atomic
      return JSON.stringify([
        message.name,
        name,
        presence,
        value,
        values,
        patch,
        required,
        nullable,
        granular,
        atomic,
        list?.type,
        list?.keys,
        list?.patch,
        list?.patchKey,
      ])
    }),
  )
  assert.equal(lines.length, 2593)
  assert.equal(digest(lines), '074f83140032a5e06275c159139dc79327f80f337f0ef25e9724c4929b0d6113')
})

test('no message uses a field number twice', () => {
  for (const { name, fields } of messages) {
    const numbers = Object.values(fields)
      .map(field => field.number)
      .filter(number => number > 0)
    assert.equal(new Set(numbers).size, numbers.length, name)
  }
})

test('inlined messages do not clash with the fields around them', () => {
  // Asking for the layout throws if a JSON name occurs twice.
  for (const message of messages) assert.ok(jsonFields(message), message.name)
})

test('every kind has an identity of its own, and lists have theirs', () => {
  const seen = new Set<string>()
  for (const kind of kinds) {
    const key = JSON.stringify(kind.gvk)
    assert.ok(!seen.has(key), key)
    seen.add(key)
    assert.equal(kindOf(kind.gvk), kind)
    assert.ok(kind.name.endsWith(`.${kind.gvk.kind}`), kind.name)
    assert.deepEqual(Object.keys(kind.fields).slice(0, 2), ['kind', 'apiVersion'])
    if (!kind.plural) continue
    const list = kindOf({ ...kind.gvk, kind: `${kind.gvk.kind}List` })
    assert.equal(list, meta.listOf(kind))
    assert.equal(list?.name, `${kind.name}List`)
  }
  assert.equal(kindOf({ group: '', version: 'v1', kind: 'Gadget' }), undefined)
  assert.equal(kindOf({ group: '', version: 'v1', kind: 'StatusList' }), undefined)
})

test('every message is an API kind or part of one', () => {
  const reached = new Set(kinds.flatMap(kind => reachableMessages(kind)))
  const alone = messages.filter(message => !reached.has(message)).map(message => message.name.split('.').at(-1))
  // Bodies without identity, and what autoscaling/v1 keeps as JSON in annotations.
  assert.deepEqual(alone.toSorted(), [
    'ContainerResourceMetricSource',
    'ContainerResourceMetricStatus',
    'ExternalMetricSource',
    'ExternalMetricStatus',
    'HorizontalPodAutoscalerCondition',
    'Info',
    'MetricSpec',
    'MetricStatus',
    'ObjectMetricSource',
    'ObjectMetricStatus',
    'Patch',
    'PodsMetricSource',
    'PodsMetricStatus',
    'ResourceMetricSource',
    'ResourceMetricStatus',
    'WatchEvent',
  ])
})

test('everything a message refers to is declared', () => {
  for (const message of messages)
    for (const part of reachableMessages(message)) assert.equal(byName.get(part.name), part, part.name)
})

test('every message of the API groups has a flat name', () => {
  const flat = new Set<unknown>([...Object.values(api), ...Object.values(api.autoscalingV1)])
  for (const message of messages)
    if (!message.name.startsWith('k8s.io.apimachinery.')) assert.ok(flat.has(message), message.name)
})

test('shared names belong to the better known group', () => {
  assert.equal(api.Event.name, 'k8s.io.api.core.v1.Event')
  assert.equal(api.EventsEvent.name, 'k8s.io.api.events.v1.Event')
  assert.equal(api.Subject.name, 'k8s.io.api.rbac.v1.Subject')
  assert.equal(api.ResourceClaim.name, 'k8s.io.api.resource.v1.ResourceClaim')
  assert.equal(api.HorizontalPodAutoscaler.name, 'k8s.io.api.autoscaling.v2.HorizontalPodAutoscaler')
  assert.equal(api.autoscalingV1.HorizontalPodAutoscaler.gvk.version, 'v1')
})

test('fields: number, presence, type', () => {
  for (const [path, number, presence, type] of [
    ['core.v1.Pod.spec', 2, 'embedded', 'k8s.io.api.core.v1.PodSpec'],
    ['core.v1.PodSpec.containers', 2, 'required', 'k8s.io.api.core.v1.Container[]'],
    ['core.v1.PodSpec.terminationGracePeriodSeconds', 4, 'pointer', 'int64'],
    ['core.v1.PodSpec.automountServiceAccountToken', 21, 'pointer', 'boolean'],
    ['core.v1.PodSpec.hostNetwork', 11, 'optional', 'boolean'],
    ['core.v1.PodSpec.enableServiceLinks', 30, 'pointer', 'boolean'],
    ['core.v1.PodSpec.preemptionPolicy', 31, 'pointer', 'string'],
    ['core.v1.PodSpec.overhead', 32, 'optional', 'map<quantity>'],
    ['core.v1.PodCondition.lastProbeTime', 3, 'nullable', 'time'],
    ['core.v1.Container.resources', 8, 'embedded', 'k8s.io.api.core.v1.ResourceRequirements'],
    ['core.v1.Container.stdin', 16, 'optional', 'boolean'],
    ['core.v1.SecurityContext.runAsNonRoot', 5, 'pointer', 'boolean'],
    ['core.v1.EphemeralContainer.image', 2, 'optional', 'string'],
    ['core.v1.Volume.emptyDir', 2, 'pointer', 'k8s.io.api.core.v1.EmptyDirVolumeSource'],
    ['core.v1.Toleration.tolerationSeconds', 5, 'pointer', 'int64'],
    ['core.v1.SecretVolumeSource.defaultMode', 3, 'pointer', 'int32'],
    ['core.v1.ConfigMap.immutable', 4, 'pointer', 'boolean'],
    ['core.v1.Secret.data', 2, 'optional', 'map<bytes>'],
    ['core.v1.ServicePort.targetPort', 4, 'embedded', 'intOrString'],
    ['core.v1.ServiceSpec.internalTrafficPolicy', 22, 'pointer', 'string'],
    ['core.v1.ServiceSpec.publishNotReadyAddresses', 13, 'optional', 'boolean'],
    ['core.v1.Event.reportingComponent', 14, 'embedded', 'string'],
    ['core.v1.Event.eventTime', 10, 'nullable', 'microTime'],
    ['apps.v1.DeploymentSpec.replicas', 1, 'pointer', 'int32'],
    ['apps.v1.DeploymentStatus.replicas', 2, 'optional', 'int32'],
    ['apps.v1.ReplicaSetStatus.replicas', 1, 'required', 'int32'],
    ['apps.v1.StatefulSetSpec.serviceName', 5, 'embedded', 'string'],
    ['apps.v1.ControllerRevision.data', 2, 'nullable', 'rawExtension'],
    ['batch.v1.JobSpec.suspend', 10, 'pointer', 'boolean'],
    ['coordination.v1.LeaseSpec.renewTime', 4, 'pointer', 'microTime'],
    ['discovery.v1.EndpointSlice.ports', 3, 'embedded', 'k8s.io.api.discovery.v1.EndpointPort[]'],
    ['discovery.v1.EndpointConditions.ready', 1, 'pointer', 'boolean'],
    ['rbac.v1.ClusterRole.rules', 2, 'embedded', 'k8s.io.api.rbac.v1.PolicyRule[]'],
    ['networking.v1.HTTPIngressPath.pathType', 3, 'required', 'string'],
    ['policy.v1.PodDisruptionBudgetStatus.currentHealthy', 4, 'embedded', 'int32'],
    ['scheduling.v1.PriorityClass.value', 2, 'embedded', 'int32'],
    ['apiregistration.v1.APIServiceSpec.groupPriorityMinimum', 7, 'required', 'int32'],
    ['authentication.v1.UserInfo.extra', 4, 'optional', 'map<string(wrapped)>'],
    ['meta.v1.ObjectMeta.creationTimestamp', 8, 'optional', 'time'],
    ['meta.v1.ObjectMeta.deletionGracePeriodSeconds', 10, 'pointer', 'int64'],
    ['meta.v1.OwnerReference.controller', 6, 'pointer', 'boolean'],
    ['meta.v1.APIResource.verbs', 4, 'required', 'string(wrapped)'],
  ] as const) {
    const field = fieldAt(path)
    assert.deepEqual([field.number, field.presence, typeOf(field.schema)], [number, presence, type], path)
  }
})

test('lists: semantics under apply and strategic merge', () => {
  for (const [path, type, keys, patchKey, patch] of [
    ['core.v1.PodSpec.containers', 'map', ['name'], 'name', 'merge'],
    ['core.v1.PodSpec.volumes', 'map', ['name'], 'name', 'merge,retainKeys'],
    ['core.v1.PodSpec.tolerations', 'atomic', [], undefined, undefined],
    ['core.v1.Container.ports', 'map', ['containerPort', 'protocol'], 'containerPort', 'merge'],
    ['core.v1.Container.command', 'atomic', [], undefined, undefined],
    ['core.v1.ServiceSpec.ports', 'map', ['port', 'protocol'], 'port', 'merge'],
    ['core.v1.PodStatus.podIPs', 'map', ['ip'], 'ip', 'merge'],
    ['core.v1.NodeSpec.podCIDRs', 'set', [], undefined, 'merge'],
    ['discovery.v1.Endpoint.addresses', 'set', [], undefined, undefined],
    ['meta.v1.ObjectMeta.finalizers', 'set', [], undefined, 'merge'],
    ['meta.v1.ObjectMeta.ownerReferences', 'map', ['uid'], 'uid', 'merge'],
  ] as const) {
    const schema = resolve(fieldAt(path).schema)
    assert.equal(schema.kind, 'list', path)
    if (schema.kind !== 'list') continue
    const { semantics } = schema
    assert.deepEqual(
      [semantics.type, semantics.keys, semantics.patchKey, semantics.patch],
      [type, keys, patchKey, patch],
      path,
    )
  }
})

test('an explicit zero stays where Go has a pointer and goes where it has not', () => {
  const zeros = { replicas: 0, minReadySeconds: 0, paused: false, revisionHistoryLimit: 0, progressDeadlineSeconds: 0 }
  assert.deepEqual(decodeJson(named('apps.v1.DeploymentSpec'), { ...zeros, selector: null, template: {} }), {
    replicas: 0,
    selector: null,
    template: { metadata: {}, spec: { containers: null } },
    strategy: {},
    revisionHistoryLimit: 0,
    progressDeadlineSeconds: 0,
  })
})

test('a schema of a custom resource may be of several JSON forms', () => {
  const schema = {
    type: 'object',
    properties: { a: { items: [{ type: 'string' }], maximum: 0 }, b: { additionalProperties: false, nullable: false } },
    additionalProperties: { items: { type: 'string', default: '' } },
    dependencies: { a: ['b'], b: { required: ['c'] } },
    enum: [null, 1, { a: [] }],
  }
  assert.deepEqual(decodeJson(api.JSONSchemaProps, schema), {
    ...schema,
    properties: { ...schema.properties, b: { additionalProperties: false } },
  })
})

test('a client may leave out what the server fills in', () => {
  // The compiler is the judge of the types here.
  const sent: api.DeploymentInit = {
    metadata: { name: 'web' },
    spec: {
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'web:1' }] } },
    },
  }
  const answered: api.Deployment = decodeJson(api.Deployment, sent)
  assert.deepEqual(answered.status, {})
  assert.deepEqual(answered.spec.template.spec.containers[0]?.resources, {})
})
