/** Messages for this folder's tests: small, and between them using every feature of the language. */
import {
  binary,
  boolean,
  bytes,
  choice,
  double,
  duration,
  embedded,
  fieldsV1,
  inline,
  int32,
  int64,
  intOrString,
  json,
  keyed,
  kind,
  lazy,
  list,
  map,
  message,
  microTime,
  nullable,
  optional,
  pointer,
  quantity,
  rawExtension,
  required,
  set,
  string,
  time,
  uint32,
  uint64,
} from './declare.js'
import type { MessageSchema } from './types.js'

const meta = 'k8s.io.apimachinery.pkg.apis.meta.v1'
const core = 'k8s.io.api.core.v1'

export const OwnerReference = message(
  `${meta}.OwnerReference`,
  {
    apiVersion: required(5, string),
    kind: required(1, string),
    name: required(3, string),
    uid: required(4, string),
    controller: pointer(6, boolean),
    blockOwnerDeletion: pointer(7, boolean),
  },
  { atomic: true },
)

export const ManagedFieldsEntry = message(`${meta}.ManagedFieldsEntry`, {
  manager: optional(1, string),
  operation: optional(2, string),
  apiVersion: optional(3, string),
  time: pointer(4, time),
  fieldsType: optional(6, string),
  fieldsV1: pointer(7, fieldsV1),
  subresource: optional(8, string),
})

export const ObjectMeta = message(`${meta}.ObjectMeta`, {
  name: optional(1, string),
  generateName: optional(2, string),
  namespace: optional(3, string),
  uid: optional(5, string),
  resourceVersion: optional(6, string),
  generation: optional(7, int64),
  creationTimestamp: optional(8, time),
  deletionTimestamp: pointer(9, time),
  deletionGracePeriodSeconds: pointer(10, int64),
  labels: optional(11, map(string)),
  annotations: optional(12, map(string)),
  ownerReferences: optional(13, keyed(OwnerReference, ['uid'], 'uid')),
  finalizers: optional(14, set(string, 'merge')),
  managedFields: optional(17, list(ManagedFieldsEntry)),
})

export const ListMeta = message(`${meta}.ListMeta`, {
  resourceVersion: optional(2, string),
  continue: optional(3, string),
  remainingItemCount: pointer(4, int64),
})

export const LabelSelector = message(
  `${meta}.LabelSelector`,
  { matchLabels: optional(1, map(string)) },
  { atomic: true },
)

export const ContainerPort = message(`${core}.ContainerPort`, {
  name: optional(1, string),
  hostPort: optional(2, int32),
  containerPort: required(3, int32),
  protocol: optional(4, string, { default: 'TCP', enum: ['SCTP', 'TCP', 'UDP'] }),
})

export const ResourceFieldSelector = message(
  `${core}.ResourceFieldSelector`,
  { resource: required(2, string), divisor: embedded(3, quantity) },
  { atomic: true },
)

export const EnvVar = message(`${core}.EnvVar`, {
  name: required(1, string),
  value: optional(2, string),
  resourceFieldRef: pointer(3, ResourceFieldSelector),
})

export const HTTPGetAction = message(`${core}.HTTPGetAction`, {
  path: optional(1, string),
  port: required(2, intOrString),
})

export const ProbeHandler = message(`${core}.ProbeHandler`, { httpGet: pointer(2, HTTPGetAction) })

export const Probe = message(`${core}.Probe`, {
  handler: inline(1, ProbeHandler),
  initialDelaySeconds: optional(2, int32),
  terminationGracePeriodSeconds: pointer(7, int64),
})

export const ResourceRequirements = message(`${core}.ResourceRequirements`, {
  limits: optional(1, map(quantity)),
  requests: optional(2, map(quantity)),
})

export const SecurityContext = message(`${core}.SecurityContext`, {
  runAsUser: pointer(4, int64),
  runAsNonRoot: pointer(5, boolean),
})

export const Container = message(`${core}.Container`, {
  name: required(1, string),
  image: optional(2, string),
  command: optional(3, list(string)),
  ports: optional(6, keyed(ContainerPort, ['containerPort', 'protocol'], 'containerPort')),
  env: optional(7, keyed(EnvVar, ['name'], 'name')),
  resources: embedded(8, ResourceRequirements),
  livenessProbe: pointer(10, Probe),
  imagePullPolicy: optional(14, string, { enum: ['Always', 'IfNotPresent', 'Never'] }),
  securityContext: pointer(15, SecurityContext),
})

export const PodSpec = message(`${core}.PodSpec`, {
  containers: required(2, keyed(Container, ['name'], 'name')),
  restartPolicy: optional(3, string),
  terminationGracePeriodSeconds: pointer(4, int64),
  nodeSelector: optional(7, map(string, { atomic: true })),
  nodeName: optional(10, string),
  hostNetwork: optional(11, boolean),
})

export const PodCondition = message(`${core}.PodCondition`, {
  type: required(1, string),
  status: required(2, string),
  lastProbeTime: nullable(3, time),
})

export const PodStatus = message(`${core}.PodStatus`, {
  phase: optional(1, string),
  conditions: optional(2, keyed(PodCondition, ['type'], 'type')),
  startTime: pointer(7, time),
})

export const Pod = kind(
  `${core}.Pod`,
  { group: '', version: 'v1', plural: 'pods', namespaced: true },
  { metadata: embedded(1, ObjectMeta), spec: embedded(2, PodSpec), status: embedded(3, PodStatus) },
)

export const PodList = kind(
  `${core}.PodList`,
  { group: '', version: 'v1', plural: '', namespaced: true },
  { metadata: embedded(1, ListMeta), items: required(2, list(Pod, { type: 'none' })) },
)

export const ConfigMap = kind(
  `${core}.ConfigMap`,
  { group: '', version: 'v1', plural: 'configmaps', namespaced: true },
  {
    metadata: embedded(1, ObjectMeta),
    data: optional(2, map(string)),
    binaryData: optional(3, map(bytes)),
    immutable: pointer(4, boolean),
  },
)

export const Lease = kind(
  'k8s.io.api.coordination.v1.Lease',
  { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', namespaced: true },
  {
    metadata: embedded(1, ObjectMeta),
    spec: embedded(
      2,
      message('k8s.io.api.coordination.v1.LeaseSpec', {
        holderIdentity: pointer(1, string),
        leaseDurationSeconds: pointer(2, int32),
        renewTime: pointer(4, microTime),
      }),
    ),
  },
)

const apiextensions = 'k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1'

export const JSONSchemaPropsOrBool = choice(`${apiextensions}.JSONSchemaPropsOrBool`, {
  allows: pointer(1, boolean),
  schema: pointer(
    2,
    lazy<object>(() => JSONSchemaProps),
  ),
})

export const JSONSchemaPropsOrArray = choice(`${apiextensions}.JSONSchemaPropsOrArray`, {
  schema: pointer(
    1,
    lazy<object>(() => JSONSchemaProps),
  ),
  jSONSchemas: pointer(2, list(lazy<object>(() => JSONSchemaProps))),
})

export const JSONSchemaProps: MessageSchema<object> = message(`${apiextensions}.JSONSchemaProps`, {
  type: optional(5, string),
  default: pointer(8, json),
  maximum: pointer(9, double),
  enum: optional(20, list(json)),
  items: pointer(25, JSONSchemaPropsOrArray),
  properties: optional(29, map(lazy<object>(() => JSONSchemaProps))),
  additionalProperties: pointer(30, JSONSchemaPropsOrBool),
})

/** Every scalar and shape that the messages above leave out. */
export const Everything = message('k8s.io.test.v1.Everything', {
  uint32: optional(1, uint32),
  uint64: optional(2, uint64),
  double: optional(3, double),
  duration: required(4, duration),
  raw: nullable(5, rawExtension),
  numbers: required(6, list(int64)),
  extra: optional(7, map(list(string))),
  verbs: required(8, list(string, { wrapped: true })),
  selector: required(9, LabelSelector, { nullable: true }),
  template: required(10, ContainerPort),
  deep: pointer(300, ContainerPort),
  none: optional(0, string),
  nulls: required(11, map(string)),
  flags: optional(12, list(boolean)),
  binaries: optional(13, list(bytes)),
})

/** A message of plain proto3. */
export const Plain = message('runtime.v1.Plain', {
  id: required(1, string),
  size: required(2, uint64),
  groups: required(3, list(int64)),
  tags: optional(4, list(string)),
  labels: required(5, map(string)),
  value: pointer(6, int64),
  ratio: optional(7, double),
  payload: required(8, binary),
  ready: optional(9, boolean),
  nested: optional(
    10,
    lazy<object>(() => Nested),
  ),
})

export const Nested: MessageSchema<object> = message('runtime.v1.Nested', {
  value: required(1, uint64),
  again: optional(
    2,
    lazy<object>(() => Plain),
  ),
})
