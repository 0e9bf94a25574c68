import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { MessageSchema } from '../schema/index.js'
import { Container, NodeSelectorTerm, PodResourceClaim, PodSpec, SecurityContext, Volume } from './core/v1/index.js'
import { internalForm, shownInternally } from './internal-form.js'
import { RoleRef } from './rbac/v1/index.js'

const cases: readonly (readonly [MessageSchema, unknown, string])[] = [
  [RoleRef, { apiGroup: 'g', kind: 'Role', name: 'x' }, '{"APIGroup":"g","Kind":"Role","Name":"x"}'],
  [
    PodResourceClaim,
    { name: 'c', resourceClaimName: 'r' },
    '{"Name":"c","ResourceClaimName":"r","ResourceClaimTemplateName":null}',
  ],
  [
    NodeSelectorTerm,
    { matchFields: [{ key: 'k', operator: 'Exists' }] },
    '{"MatchExpressions":null,"MatchFields":[{"Key":"k","Operator":"Exists","Values":null}]}',
  ],
]

describe('the internal form', () => {
  for (const [schema, value, expected] of cases)
    it(`of ${schema.name}`, () => assert.equal(shownInternally(schema, value).text, expected))

  it('has a security context with the namespaces of the host', () => {
    const form = internalForm(PodSpec, { containers: [], hostPID: true, securityContext: { runAsUser: 1 } }) as {
      SecurityContext: Record<string, unknown>
    }
    const { HostNetwork, HostPID, HostUsers, RunAsUser, FSGroup } = form.SecurityContext
    assert.deepEqual([HostNetwork, HostPID, HostUsers, RunAsUser, FSGroup], [false, true, null, 1, null])
  })

  it('puts inlined types into their owner, and keeps their order', () => {
    assert.deepEqual(Object.keys(internalForm(Container, { name: 'c' }) as object).slice(4, 8), [
      'WorkingDir',
      'Ports',
      'EnvFrom',
      'Env',
    ])
    const volume = internalForm(Volume, { name: 'v', emptyDir: {} }) as Record<string, unknown>
    assert.deepEqual(volume['EmptyDir'], { Medium: '', SizeLimit: null })
    assert.equal(Object.keys(internalForm(SecurityContext, {}) as object)[0], 'Capabilities')
  })
})
