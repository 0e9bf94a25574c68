import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ApiObject } from '../../machinery/object.js'
import type { MetadataLooks } from '../../machinery/resource.js'
import { validateMetadata, validateMetadataUpdate } from './metadata.js'

type Metadata = ApiObject['metadata']
const fields = (errors: readonly { readonly field: string; readonly reason: string }[]) =>
  errors.map(({ field, reason }) => `${field.replace('metadata.', '')} ${reason.replace('FieldValue', '')}`)
const owner = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u' }

describe('metadata of a new object', () => {
  const cases: readonly (readonly [string, Partial<Metadata>, readonly string[]])[] = [
    ['fine', {}, []],
    ['no name', { name: '' }, ['name Required']],
    ['a bad name', { name: 'A_b' }, ['name Invalid']],
    ['no namespace', { namespace: '' }, ['namespace Required']],
    ['a bad namespace', { namespace: 'a.b' }, ['namespace Invalid']],
    ['a bad prefix', { generateName: 'A-' }, ['generateName Invalid']],
    ['a prefix that ends with a dash', { generateName: 'a-' }, []],
    ['a bad label key', { labels: { 'a b': '' } }, ['labels Invalid']],
    ['a bad label value', { labels: { a: 'b c' } }, ['labels Invalid']],
    ['a key called like a prototype', { labels: JSON.parse('{"__proto__":"x"}') }, ['labels Invalid']],
    ['a bad annotation key', { annotations: { 'a b': '' } }, ['annotations Invalid']],
    ['any annotation value', { annotations: { a: 'any \n thing' } }, []],
    ['annotations as long as they may be', { annotations: { a: 'x'.repeat(262_143) } }, []],
    ['too long annotations', { annotations: { a: 'x'.repeat(262_144) } }, ['annotations TooLong']],
    ['a bare finalizer', { finalizers: ['x'] }, ['finalizers[0] Invalid']],
    ['known bare finalizers', { finalizers: ['orphan', 'kubernetes'] }, []],
    ['both policies', { finalizers: ['orphan', 'foregroundDeletion'] }, ['finalizers Invalid']],
    ['an owner', { ownerReferences: [owner] }, []],
    [
      'an empty owner',
      { ownerReferences: [{ apiVersion: '', kind: '', name: '', uid: '' }] },
      ['apiVersion', 'kind', 'name', 'uid'].map(field => `ownerReferences.${field} Invalid`),
    ],
    [
      'two controllers',
      {
        ownerReferences: [
          { ...owner, controller: true },
          { ...owner, uid: 'v', controller: true },
        ],
      },
      ['ownerReferences Invalid'],
    ],
  ]
  for (const [name, metadata, expected] of cases)
    it(name, () =>
      assert.deepEqual(fields(validateMetadata({ name: 'a', namespace: 'n', ...metadata }, true)), expected),
    )

  it('has finalizers without a domain where that is allowed', () => {
    const bare: Metadata = { name: 'a', namespace: 'n', finalizers: ['x'] }
    for (const [finalizers, expected] of [
      [['x'], []],
      [['x y'], ['finalizers Invalid']],
    ] as const)
      assert.deepEqual(fields(validateMetadata({ ...bare, finalizers }, true, undefined, true)), expected)
    assert.deepEqual(validateMetadataUpdate(bare, { name: 'a', namespace: 'n' }, {}, {}, true), [])
  })

  it('needs no namespace where there are none', () => assert.deepEqual(validateMetadata({ name: 'a' }, false), []))
})

describe('metadata of a changed object', () => {
  const old: Metadata = { name: 'a', namespace: 'n', uid: 'u', labels: { a: 'b' }, finalizers: ['x/y'] }
  const deleted = { ...old, deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 3 }
  const forAll = { asChanged: 0 }
  const cases: readonly (readonly [string, Partial<Metadata>, Metadata, MetadataLooks, readonly string[]])[] = [
    ['nothing', {}, old, forAll, []],
    ['another namespace', { namespace: 'm' }, old, forAll, ['namespace Invalid']],
    ['a bad label', { labels: { 'a b': '' } }, old, forAll, ['labels Invalid']],
    ['another finalizer', { finalizers: ['x/y', 'x/z'] }, old, { asNew: 1 }, []],
    ['another finalizer of a deleted object', { finalizers: ['x/z'] }, deleted, forAll, ['finalizers Forbidden']],
    ['one finalizer less of a deleted object', { finalizers: [] }, deleted, {}, []],
    ['a bad label, looked at once more', { labels: { 'a b': '' } }, old, {}, ['labels Invalid', 'labels Invalid']],
    [
      'a bad label, looked at as of a new object, too',
      { labels: { 'a b': '' } },
      old,
      { asNew: 1 },
      ['labels Invalid', 'labels Invalid', 'labels Invalid'],
    ],
    ['a bare finalizer', { finalizers: ['x'] }, old, {}, ['finalizers[0] Invalid']],
    ['a finalizer that no new object could have', { finalizers: ['a b/c'] }, old, {}, []],
    ['the same, looked at as of a new one', { finalizers: ['a b/c'] }, old, { asNew: 1 }, ['finalizers Invalid']],
  ]
  for (const [name, metadata, before, looks, expected] of cases)
    it(name, () =>
      assert.deepEqual(fields(validateMetadataUpdate({ ...before, ...metadata }, before, looks)), expected),
    )

  it('what only a deletion sets', () => {
    for (const [sent, before, expected] of [
      [{ deletionTimestamp: '2026-02-01T00:00:00Z' }, old, ['deletionTimestamp Invalid']],
      [{ deletionTimestamp: '2026-02-01T00:00:00Z', deletionGracePeriodSeconds: 3 }, deleted, []],
      [{ deletionGracePeriodSeconds: 4 }, deleted, ['deletionGracePeriodSeconds Invalid']],
      [{}, deleted, []],
    ] as const)
      assert.deepEqual(fields(validateMetadataUpdate(before, before, forAll, sent)), expected)
  })
})
