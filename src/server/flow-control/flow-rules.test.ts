import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { PolicyRulesWithSubjects, Subject } from '../../api/flowcontrol/v1/index.js'
import { requestInfo } from '../request-info.js'
import { flowTest } from './flow-rules.js'

const user = (name: string): Subject => ({ kind: 'User', user: { name } })
const group = (name: string): Subject => ({ kind: 'Group', group: { name } })
const account = (namespace: string, name: string): Subject => ({
  kind: 'ServiceAccount',
  serviceAccount: { namespace, name },
})

function rule(subjects: Subject[], rest: Partial<PolicyRulesWithSubjects>): PolicyRulesWithSubjects[] {
  return [{ subjects, ...rest } as PolicyRulesWithSubjects]
}

const resources = (changes: object) => ({
  resourceRules: [
    { verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'], ...changes },
  ],
})
const urls = (nonResourceURLs: string[], verbs = ['*']) => ({ nonResourceRules: [{ verbs, nonResourceURLs }] })

const pods = 'GET /api/v1/namespaces/a/pods/p'
const nodes = 'GET /api/v1/nodes/n/status'
const leases = 'PUT /apis/coordination.k8s.io/v1/namespaces/a/leases/l'
const health = 'GET /healthz'

const cases: [string, PolicyRulesWithSubjects[], string, boolean][] = [
  ['a user by name', rule([user('u')], resources({})), pods, true],
  ['another user', rule([user('v')], resources({})), pods, false],
  ['any user', rule([user('*')], resources({})), pods, true],
  ['a group', rule([group('g')], resources({})), pods, true],
  ['another group', rule([group('h')], resources({})), pods, false],
  ['any group', rule([group('*')], resources({})), pods, true],
  ['one of several subjects', rule([user('v'), group('g')], resources({})), pods, true],
  ['no service account', rule([account('a', '*')], resources({})), pods, false],
  ['a group of the API', rule([user('u')], resources({ apiGroups: ['coordination.k8s.io'] })), leases, true],
  ['another group of the API', rule([user('u')], resources({ apiGroups: [''] })), leases, false],
  ['a verb', rule([user('u')], resources({ verbs: ['update'] })), leases, true],
  ['another verb', rule([user('u')], resources({ verbs: ['get'] })), leases, false],
  ['a namespace', rule([user('u')], resources({ namespaces: ['a'] })), pods, true],
  ['another namespace', rule([user('u')], resources({ namespaces: ['b'] })), pods, false],
  ['nothing in namespaces', rule([user('u')], resources({ namespaces: [] })), pods, false],
  ['a subresource', rule([user('u')], resources({ resources: ['nodes/status'] })), nodes, true],
  ['its resource alone', rule([user('u')], resources({ resources: ['nodes'] })), nodes, false],
  ['nothing cluster-wide', rule([user('u')], resources({ clusterScope: false })), nodes, false],
  ['a path by a rule of resources', rule([user('u')], resources({})), health, false],
  ['a path', rule([user('u')], urls(['/healthz'])), health, true],
  ['another path', rule([user('u')], urls(['/readyz'])), health, false],
  ['paths below', rule([user('u')], urls(['/heal*'])), health, true],
  ['any path', rule([user('u')], urls(['*'])), health, true],
  ['a path with another verb', rule([user('u')], urls(['*'], ['post'])), health, false],
  ['a resource by a rule of paths', rule([user('u')], urls(['*'])), pods, false],
  ['no rules', [], pods, false],
]

describe('flow schemas match', () => {
  for (const [what, rules, request, expected] of cases)
    it(`${what}: ${expected}`, () => {
      const [method = '', path = ''] = request.split(' ')
      const info = requestInfo(method, path, new URLSearchParams())
      assert.equal(flowTest(rules)(info, { name: 'u', groups: ['g'] }), expected)
    })

  it('service accounts by namespace and name', () => {
    const info = requestInfo('GET', '/api/v1/namespaces/a/pods/p', new URLSearchParams())
    const who = { name: 'system:serviceaccount:kube-system:x', groups: [] }
    const matches = (namespace: string, name: string) =>
      flowTest(rule([account(namespace, name)], resources({})))(info, who)
    assert.deepEqual(
      [matches('kube-system', 'x'), matches('kube-system', '*'), matches('kube-system', 'y'), matches('kube', '*')],
      [true, true, false, false],
    )
  })
})
