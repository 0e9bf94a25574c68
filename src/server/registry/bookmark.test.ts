import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resources } from '../../api/resources.js'
import type { Resource } from '../../machinery/resource.js'
import { shownBookmark } from './bookmark.js'

const called = (name: string): Resource =>
  resources.find(({ kind }) => kind.gvk.kind === name) ?? assert.fail(`there is no ${name}`)

test('bookmarks have all fields that are never left out', () => {
  const metadata = { resourceVersion: '7' }
  const template = { metadata: {}, spec: { containers: null } }
  for (const [kind, apiVersion, rest] of [
    ['ConfigMap', 'v1', {}],
    ['Pod', 'v1', { spec: { containers: null }, status: {} }],
    ['Service', 'v1', { spec: {}, status: { loadBalancer: {} } }],
    ['Deployment', 'apps/v1', { spec: { replicas: 0, selector: null, template, strategy: {} }, status: {} }],
  ] as const)
    assert.deepEqual(shownBookmark(called(kind), 7, false), { kind, apiVersion, metadata, ...rest })
  assert.deepEqual(shownBookmark(called('ConfigMap'), 7, true).metadata, {
    ...metadata,
    annotations: { 'k8s.io/initial-events-end': 'true' },
  })
})

test('bookmarks of every kind are rows of a Table', () => {
  for (const resource of resources) {
    const object = shownBookmark(resource, 7, true)
    for (const { name, cell } of resource.columns)
      assert.doesNotThrow(() => cell(object, 0), `${resource.kind.gvk.kind} ${name}`)
    resource.rowConditions?.(object)
  }
})
