import { stringify } from 'yaml'
import { Deployment } from '../../api/apps/v1/index.js'
import { ConfigMap, Pod, Service } from '../../api/core/v1/index.js'
import { decodeJson, encodeObject, type Kind } from '../../schema/index.js'
import { encodeContinue } from '../../server/registry/continue-token.js'

/** A request as it comes over the wire. */
export interface SampleRequest {
  readonly method: string
  /** Path and query. */
  readonly target: string
  readonly headers: { readonly [name: string]: string }
  readonly body?: string | Uint8Array
}

const labels = { app: 'a', 'example.com/tier': 'b' }
const container = {
  name: 'c',
  image: 'image:1',
  ports: [{ containerPort: 80, name: 'http' }],
  env: [{ name: 'A', value: 'x' }],
  resources: { requests: { cpu: '100m', memory: '64Mi' } },
  livenessProbe: { httpGet: { path: '/', port: 'http' }, periodSeconds: 5 },
}
const template = { metadata: { labels }, spec: { containers: [container] } }

const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', labels }, spec: template.spec }
const configMap = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'a' },
  data: { a: '1' },
  binaryData: { b: 'AAEC' },
}
const service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'a' },
  spec: { selector: labels, ports: [{ port: 80, targetPort: 'http' }] },
}
const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'a' },
  spec: { replicas: 1, selector: { matchLabels: labels }, template, strategy: { rollingUpdate: { maxSurge: '25%' } } },
}
const lease = {
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name: 'a' },
  spec: { renewTime: '2026-11-21T00:00:00.000000Z', leaseDurationSeconds: 5 },
}
const policy = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'a' },
  spec: {
    podSelector: { matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }] },
    ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8' } }] }],
  },
}
const quota = {
  apiVersion: 'v1',
  kind: 'ResourceQuota',
  metadata: { name: 'a' },
  spec: { hard: { 'requests.cpu': '1500m', pods: '10k' } },
}

const core = '/api/v1/namespaces/default'
const apps = '/apis/apps/v1/namespaces/default'
const places: readonly (readonly [string, object & { readonly metadata: { readonly name: string } }])[] = [
  [`${core}/pods`, pod],
  [`${core}/configmaps`, configMap],
  [`${core}/services`, service],
  [`${core}/resourcequotas`, quota],
  [`${apps}/deployments`, deployment],
  ['/apis/coordination.k8s.io/v1/namespaces/default/leases', lease],
  ['/apis/networking.k8s.io/v1/namespaces/default/networkpolicies', policy],
]
/** Folders that the requests fill. */
export const folders: readonly string[] = places.map(([path]) => path)

const json = { 'content-type': 'application/json' }
const accepts = [
  'application/json',
  'application/yaml',
  'application/vnd.kubernetes.protobuf',
  'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;q=0.5',
  'application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,*/*;q=0.1',
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json',
]
const queries = [
  'limit=2',
  `limit=1&continue=${encodeContinue({ revision: 5, after: 'default/a' })}`,
  'labelSelector=app%3Da%2Cexample.com%2Ftier%20in%20(a%2Cb)%2C!c%2Cn%3E5',
  'fieldSelector=metadata.name%3Da%2Cmetadata.namespace!%3Db&resourceVersion=0',
  'resourceVersion=3&resourceVersionMatch=NotOlderThan',
  'resourceVersion=3&resourceVersionMatch=Exact&limit=1',
  'watch=true&resourceVersion=1&timeoutSeconds=1&allowWatchBookmarks=true',
  'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true',
  'pretty=true&includeObject=Object',
]

const get = (target: string, accept: string): SampleRequest => ({ method: 'GET', target, headers: { accept } })

const inProtobuf = <T>(path: string, kind: Kind<T>, value: object): SampleRequest => ({
  method: 'POST',
  target: path,
  headers: { 'content-type': 'application/vnd.kubernetes.protobuf', accept: 'application/vnd.kubernetes.protobuf' },
  body: encodeObject(kind as Kind, decodeJson(kind as Kind, value)),
})

const patches: readonly (readonly [string, unknown])[] = [
  [
    'json-patch+json',
    [
      { op: 'add', path: '/metadata/labels', value: { a: 'b' } },
      { op: 'test', path: '/metadata/name', value: 'a' },
    ],
  ],
  ['merge-patch+json', { metadata: { annotations: { a: 'b' } }, spec: null }],
  [
    'strategic-merge-patch+json',
    {
      metadata: { finalizers: ['a.b/c'], $patch: 'replace' },
      spec: { $retainKeys: ['a'], containers: [{ name: 'c', image: 'i' }] },
    },
  ],
]

/** Requests of every sort, to be changed: each of them is fine as it is, or nearly so. */
export const sampleRequests: readonly SampleRequest[] = [
  ...places.flatMap(([path, object]) => [
    ...queries.map((query, i) => get(`${path}?${query}`, accepts[i % accepts.length] ?? '')),
    ...accepts.map(accept => get(`${path}/a`, accept)),
    { method: 'POST', target: `${path}?fieldValidation=Strict`, headers: json, body: JSON.stringify(object) },
    { method: 'POST', target: path, headers: { 'content-type': 'application/yaml' }, body: stringify(object) },
    { method: 'PUT', target: `${path}/a?fieldManager=m`, headers: json, body: JSON.stringify(object) },
    ...patches.map(([type, patch]) => ({
      method: 'PATCH',
      target: `${path}/a?fieldValidation=Warn`,
      headers: { 'content-type': `application/${type}` },
      body: JSON.stringify(patch),
    })),
    {
      method: 'PATCH',
      target: `${path}/a?fieldManager=m&force=true`,
      headers: { 'content-type': 'application/apply-patch+yaml' },
      body: stringify(object),
    },
    {
      method: 'DELETE',
      target: `${path}/a`,
      headers: json,
      body: '{"propagationPolicy":"Background","gracePeriodSeconds":0}',
    },
    { method: 'DELETE', target: `${path}?labelSelector=a%3Db&dryRun=All`, headers: {} },
  ]),
  inProtobuf(`${core}/pods`, Pod, pod),
  inProtobuf(`${core}/configmaps`, ConfigMap, configMap),
  inProtobuf(`${core}/services`, Service, service),
  inProtobuf(`${apps}/deployments`, Deployment, deployment),
  {
    method: 'PUT',
    target: `${apps}/deployments/a/scale`,
    headers: json,
    body: '{"kind":"Scale","apiVersion":"autoscaling/v1","metadata":{"name":"a","namespace":"default"},"spec":{"replicas":3}}',
  },
  {
    method: 'PUT',
    target: `${core}/pods/a/status`,
    headers: json,
    body: JSON.stringify({ ...pod, status: { phase: 'Running' } }),
  },
  {
    method: 'POST',
    target: `${core}/pods/a/eviction`,
    headers: json,
    body: '{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"a"}}',
  },
  {
    method: 'POST',
    target: `${core}/pods/a/binding`,
    headers: json,
    body: '{"apiVersion":"v1","kind":"Binding","metadata":{"name":"a"},"target":{"kind":"Node","name":"n"}}',
  },
  {
    method: 'POST',
    target: `${core}/serviceaccounts/default/token`,
    headers: json,
    body: '{"spec":{"audiences":["a"],"expirationSeconds":600}}',
  },
  ...[
    '/api',
    '/apis',
    '/apis/apps',
    '/api/v1',
    '/openapi/v2',
    '/openapi/v3',
    '/version',
    '/readyz?verbose&exclude=ping',
    '/healthz/etcd',
  ].flatMap(path => accepts.map(accept => get(path, accept))),
  get('/metrics', '*/*'),
]
