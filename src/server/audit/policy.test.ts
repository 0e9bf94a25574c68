import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { requestInfo } from '../request-info.js'
import { readAuditPolicy } from './policy.js'

const policy = `
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
omitManagedFields: true
rules:
- level: None
  users: ["system:kube-proxy"]
  verbs: [watch]
  resources: [{group: "", resources: [endpoints, services]}]
- level: None
  userGroups: ["system:authenticated"]
  nonResourceURLs: ["/api*", "/version"]
- level: Request
  resources: [{group: "", resources: [configmaps], resourceNames: [one]}]
  namespaces: [kube-system]
  omitManagedFields: false
- level: Metadata
  resources: [{group: "", resources: ["pods/log", "pods/status"]}, {group: apps, resources: ["*/scale"]}]
  omitStages: [ResponseStarted]
- level: RequestResponse
  resources: [{group: "", resources: [pods]}, {group: batch}, {group: x, resources: ["a/*"]}]
- level: None
  namespaces: [""]
`

const cases: [string, string, string][] = [
  ['GET /api/v1/services?watch=1', 'system:kube-proxy', 'None'],
  ['GET /api/v1/services', 'system:kube-proxy', 'None'],
  ['GET /api/v1/namespaces/a/services?watch=1', 'u', 'None'],
  ['GET /apis', 'u', 'None'],
  ['GET /version', 'u', 'None'],
  ['GET /versions', 'u', 'None'],
  ['PUT /api/v1/namespaces/kube-system/configmaps/one', 'u', 'Request'],
  ['PUT /api/v1/namespaces/kube-system/configmaps/two', 'u', 'None'],
  ['PUT /api/v1/namespaces/default/configmaps/one', 'u', 'None'],
  ['GET /api/v1/namespaces/a/pods/p/log', 'u', 'Metadata'],
  ['GET /apis/apps/v1/namespaces/a/deployments/d/scale', 'u', 'Metadata'],
  ['GET /apis/apps/v1/namespaces/a/deployments/d', 'u', 'None'],
  ['GET /api/v1/namespaces/a/pods/p', 'u', 'RequestResponse'],
  ['POST /api/v1/namespaces/a/pods/p/exec', 'u', 'None'],
  ['GET /apis/batch/v1/jobs', 'u', 'RequestResponse'],
  ['GET /apis/x/v1/namespaces/n/a/b/c', 'u', 'RequestResponse'],
  // As upstream has it: everything of the resource, itself included.
  ['GET /apis/x/v1/namespaces/n/a/b', 'u', 'RequestResponse'],
]

describe('an audit policy', () => {
  for (const [request, name, expected] of cases)
    it(`${request} by ${name}: ${expected}`, () => {
      const [method = '', target = ''] = request.split(' ')
      const [path = '', query] = target.split('?')
      const info = requestInfo(method, path, new URLSearchParams(query))
      assert.equal(readAuditPolicy(policy)({ name, groups: ['system:authenticated'] }, info).level, expected)
    })

  it('leaves out stages and managed fields', () => {
    const decide = (path: string) =>
      readAuditPolicy(policy)({ name: 'u', groups: [] }, requestInfo('PUT', path, new URLSearchParams()))
    const log = decide('/api/v1/namespaces/a/pods/p/log')
    assert.deepEqual([[...log.omitStages], log.omitManagedFields], [['RequestReceived', 'ResponseStarted'], true])
    assert.equal(decide('/api/v1/namespaces/kube-system/configmaps/one').omitManagedFields, false)
  })

  const head = 'apiVersion: audit.k8s.io/v1\nkind: Policy\n'
  const faults: [string, string, RegExp][] = [
    ['nothing', '', /no object/],
    ['another kind', 'apiVersion: v1\nkind: Pod', /kind Pod in v1, not of kind Policy/],
    ['an older version', 'apiVersion: audit.k8s.io/v1beta1\nkind: Policy', /v1beta1/],
    ['no rules', `${head}rules: []`, /no rules/],
    ['an unknown field', `${head}rules: [{level: None, user: [x]}]`, /unknown field "rules\[0\].user"/],
    ['an unknown level', `${head}rules: [{level: Much}]`, /rules\[0\].level: Unsupported value: "Much"/],
    [
      'an unknown stage',
      `${head}omitStages: [Now]\nrules: [{level: None}]`,
      /omitStages\[0\]: Unsupported value: "Now"/,
    ],
    ['a group with its version', `${head}rules: [{level: None, resources: [{group: apps/v1}]}]`, /without its version/],
    [
      'names without resources',
      `${head}rules: [{level: None, resources: [{resourceNames: [a]}]}]`,
      /requires at least one resource/,
    ],
    [
      'paths and resources',
      `${head}rules: [{level: None, namespaces: [a], nonResourceURLs: ["/a"]}]`,
      /both regular resources and non-resource URLs/,
    ],
    ['a relative path', `${head}rules: [{level: None, nonResourceURLs: ["a"]}]`, /must begin with a "\/"/],
    ['a star amidst a path', `${head}rules: [{level: None, nonResourceURLs: ["/a*b"]}]`, /must be the final character/],
    ['a wrong type', `${head}rules: [{level: 5}]`, /./],
    ['no YAML', '{', /./],
  ]
  for (const [what, text, expected] of faults)
    it(`with ${what} is refused`, () => assert.throws(() => readAuditPolicy(text), expected))
})
