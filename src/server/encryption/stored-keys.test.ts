import assert from 'node:assert/strict'
import { it } from 'node:test'
import { resources } from '../../api/resources.js'
import { identity } from '../../storage/encryption/index.js'
import { applying, groupResourceOf, ruleKey } from './resource-rules.js'
import { keyTransformers } from './stored-keys.js'

it('finds the rule of a storage key', () => {
  const rules = new Map(
    [
      'secrets',
      'services',
      'events',
      '*.apps',
      'widgets.example.com',
      'nodes',
      'customresourcedefinitions.apiextensions.k8s.io',
    ].map(name => [ruleKey(groupResourceOf(name)), { ...identity, name }] as const),
  )
  const find = keyTransformers(resources, { transformerOf: resource => applying(rules, resource) })
  for (const [key, expected] of [
    ['/registry/secrets/a/b', 'secrets'],
    ['/registry/pods/a/b', undefined],
    ['/registry/services/specs/a/b', 'services'],
    ['/registry/services/endpoints/a/b', undefined],
    ['/registry/events/a/b', 'events'],
    ['/registry/deployments/a/b', '*.apps'],
    ['/registry/minions/a', 'nodes'],
    ['/registry/example.com/widgets/a/b', 'widgets.example.com'],
    ['/registry/example.com/gadgets/a/b', undefined],
    [
      '/registry/apiextensions.k8s.io/customresourcedefinitions/widgets.example.com',
      'customresourcedefinitions.apiextensions.k8s.io',
    ],
    ['/registry/odd', undefined],
    ['/registry/odd/', undefined],
  ] as const)
    for (let again = 0; again < 2; again++)
      assert.equal((find(key) as { readonly name?: string } | undefined)?.name, expected, key)
})

it('takes the narrowest rule', () => {
  const everything = new Map(['*.*', '*.apps', 'deployments.apps'].map(name => [ruleKey(groupResourceOf(name)), name]))
  for (const [resource, expected] of [
    ['deployments.apps', 'deployments.apps'],
    ['daemonsets.apps', '*.apps'],
    ['secrets', '*.*'],
  ] as const)
    assert.equal(applying(everything, groupResourceOf(resource)), expected)
})
