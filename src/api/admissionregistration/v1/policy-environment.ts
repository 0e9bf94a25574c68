import {
  authorizerFunctions,
  authorizerType,
  bool,
  type CelEnvironment,
  type CelType,
  declare,
  dyn,
  listOf,
  mapOf,
  type ObjectType,
  objectType,
  text,
  timestamp,
} from '../../../machinery/cel/index.js'

const groupVersionKind = objectType('kubernetes.GroupVersionKind', { group: text, version: text, kind: text })
const groupVersionResource = objectType('kubernetes.GroupVersionResource', {
  group: text,
  version: text,
  resource: text,
})

/** What expressions know of a request: https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/ */
const requestType = objectType('kubernetes.AdmissionRequest', {
  kind: groupVersionKind,
  resource: groupVersionResource,
  subResource: text,
  requestKind: groupVersionKind,
  requestResource: groupVersionResource,
  requestSubResource: text,
  name: text,
  namespace: text,
  operation: text,
  userInfo: objectType('kubernetes.UserInfo', {
    username: text,
    uid: text,
    groups: listOf(text),
    extra: mapOf(text, listOf(text)),
  }),
  dryRun: bool,
  options: dyn,
})

const namespaceType = objectType('kubernetes.Namespace', {
  metadata: objectType('kubernetes.NamespaceMetadata', {
    name: text,
    generateName: text,
    namespace: text,
    labels: mapOf(text, text),
    annotations: mapOf(text, text),
    UID: text,
    creationTimestamp: timestamp,
    deletionGracePeriodSeconds: dyn,
    deletionTimestamp: timestamp,
    generation: dyn,
    resourceVersion: text,
    finalizers: listOf(text),
  }),
  spec: objectType('kubernetes.NamespaceSpec', { finalizers: listOf(text) }),
  status: objectType('kubernetes.NamespaceStatus', {
    phase: text,
    conditions: listOf(dyn),
  }),
})

/** The type of a JSON patch's operation, which policies make. */
export const jsonPatchType: ObjectType = objectType('JSONPatch', { op: text, path: text, from: text, value: dyn })

/** What policies apply: an object and its parts may have any field. */
export const applyType = (name = 'Object'): ObjectType => ({ kind: 'object', name, field: () => dyn })

const mutationTypes = (name: string): ObjectType | undefined => {
  if (name === 'JSONPatch') return jsonPatchType
  return name === 'Object' || name.startsWith('Object.') ? applyType(name) : undefined
}

const mutationFunctions = declare({
  'jsonpatch::escapeKey(string): string': (key: string) => key.replaceAll('~', '~0').replaceAll('/', '~1'),
})

export interface PolicyEnvironmentOptions {
  readonly hasParams?: boolean
  /** The types of objects and of parameters, where they are known. */
  readonly object?: CelType
  readonly params?: CelType
  /** Where a namespace's object is not asked for (match conditions of webhooks). */
  readonly withoutNamespace?: boolean
  /** The types of the variables that the policy declares. */
  readonly variables?: { readonly [name: string]: CelType }
  /** Expressions may make patches. */
  readonly mutates?: boolean
}

/** Where the expressions of admission policies and webhooks are compiled. */
export function policyEnvironment({
  hasParams,
  object = dyn,
  params = dyn,
  withoutNamespace,
  variables,
  mutates,
}: PolicyEnvironmentOptions = {}): CelEnvironment {
  return {
    variables: {
      object,
      oldObject: object,
      request: requestType,
      authorizer: authorizerType,
      ...(withoutNamespace ? {} : { namespaceObject: namespaceType }),
      ...(hasParams ? { params } : {}),
      ...(variables ? { variables: objectType('kubernetes.variables', variables) } : {}),
    },
    functions: mutates ? [...authorizerFunctions, ...mutationFunctions] : authorizerFunctions,
    ...(mutates ? { types: mutationTypes } : {}),
  }
}
