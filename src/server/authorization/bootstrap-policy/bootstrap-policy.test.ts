import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ClusterRole } from '../../../api/rbac/v1/index.js'
import {
  bootstrapClusterRoleBindings,
  bootstrapClusterRoles,
  bootstrapRoleBindings,
  bootstrapRoles,
  reconciledBinding,
  reconciledRole,
} from './index.js'
import { allow } from './rule.js'

const named = <T extends { readonly metadata: { readonly name?: string } }>(objects: readonly T[], name: string): T => {
  const found = objects.find(({ metadata }) => metadata.name === name)
  assert.ok(found, name)
  return found
}
const scheduler = named(bootstrapClusterRoles, 'system:kube-scheduler')
const masters = named(bootstrapClusterRoleBindings, 'cluster-admin')

describe('bootstrap policy', () => {
  it('has every role, each once, and bindings to roles that are there', () => {
    const names = new Set(bootstrapClusterRoles.map(({ metadata }) => metadata.name))
    assert.equal(names.size, bootstrapClusterRoles.length)
    assert.deepEqual(
      [bootstrapClusterRoles, bootstrapClusterRoleBindings, bootstrapRoles, bootstrapRoleBindings].map(
        objects => objects.length,
      ),
      [71, 52, 7, 7],
    )
    for (const { roleRef } of bootstrapClusterRoleBindings) assert.ok(names.has(roleRef.name), roleRef.name)
  })

  it('writes the group without a name as nothing', () => {
    assert.deepEqual(named(bootstrapClusterRoles, 'system:kube-dns').rules, [
      { verbs: ['list', 'watch'], apiGroups: [''], resources: ['endpoints', 'services'] },
    ])
  })

  it('leaves roles for people to be gathered', () => {
    const edit = named(bootstrapClusterRoles, 'edit')
    assert.equal(edit.rules, null)
    assert.deepEqual(edit.aggregationRule, {
      clusterRoleSelectors: [{ matchLabels: { 'rbac.authorization.k8s.io/aggregate-to-edit': 'true' } }],
    })
    assert.equal(edit.metadata.labels?.['rbac.authorization.k8s.io/aggregate-to-admin'], 'true')
  })
})

describe('reconciliation', () => {
  const kept = { 'rbac.authorization.kubernetes.io/autoupdate': 'false' }

  it('leaves alone what lacks nothing', () => {
    assert.equal(reconciledRole(scheduler, scheduler), undefined)
    const more = { ...scheduler, rules: [...(scheduler.rules ?? []), allow('get', 'core', 'secrets')] } as ClusterRole
    assert.equal(reconciledRole(more, scheduler), undefined)
  })

  it('adds rules, labels and annotations that are missing', () => {
    const less: ClusterRole = {
      ...scheduler,
      metadata: { name: 'system:kube-scheduler', labels: { own: 'x' } },
      rules: [...(scheduler.rules?.slice(1) ?? [])],
    }
    const { metadata, rules } = reconciledRole(less, scheduler) ?? scheduler
    assert.deepEqual(metadata.labels, { ...scheduler.metadata.labels, own: 'x' })
    assert.equal(metadata.annotations?.['rbac.authorization.kubernetes.io/autoupdate'], 'true')
    assert.deepEqual(rules?.slice(0, less.rules?.length), less.rules)
    assert.equal(reconciledRole({ ...less, rules, metadata }, scheduler), undefined)
  })

  it('touches nothing that is to stay as it is', () => {
    assert.equal(
      reconciledRole({ ...scheduler, rules: [], metadata: { name: 'x', annotations: kept } }, scheduler),
      undefined,
    )
    assert.equal(
      reconciledBinding({ ...masters, subjects: [], metadata: { name: 'x', annotations: kept } }, masters),
      undefined,
    )
  })

  it('adds subjects, and makes bindings anew whose role is another', () => {
    const added = reconciledBinding({ ...masters, subjects: [] }, masters)
    assert.deepEqual(added !== 'recreate' && added?.subjects, masters.subjects)
    const other = { ...masters, roleRef: { ...masters.roleRef, name: 'view' } }
    assert.equal(reconciledBinding(other, masters), 'recreate')
  })

  it('adds selectors of roles that gather, and keeps what they gathered', () => {
    const edit = named(bootstrapClusterRoles, 'edit')
    const gathered: ClusterRole = {
      ...edit,
      rules: [allow('get', 'core', 'pods')],
      aggregationRule: { clusterRoleSelectors: [] },
    }
    const reconciled = reconciledRole(gathered, edit)
    assert.deepEqual(reconciled?.rules, gathered.rules)
    assert.deepEqual(reconciled?.aggregationRule, edit.aggregationRule)
  })
})
