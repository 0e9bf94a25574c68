import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ReplicaSet } from '../api/apps/v1/index.js'
import { Pod } from '../api/core/v1/index.js'
import type { Client, Patch } from '../client/client.js'
import { selectorFromLabels } from '../machinery/labels.js'
import type { ApiObject } from '../machinery/object.js'
import { notFound } from '../machinery/status-error.js'
import { claimsOf, settleClaims } from './adoption.js'
import { testPod } from './test-pods.js'

const selector = selectorFromLabels({ app: 'web' })
const owner = { metadata: { namespace: 'ns', name: 'web', uid: 'web' } } as ReplicaSet
const web = { labels: { app: 'web' } }
const names = (pods: readonly ApiObject[]) => pods.map(({ metadata }) => metadata.name)

describe('adoption', () => {
  const owned = [testPod('kept', { ...web, owner: 'web' }), testPod('strayed', { labels: { app: 'x' }, owner: 'web' })]
  const orphans = [testPod('orphan', web), testPod('foreign'), testPod('leaving', { ...web, deleted: true })]

  test('sorts what is to be kept, let go and taken', () => {
    const claims = claimsOf(owner, selector, owned, orphans)
    assert.deepEqual(
      [names(claims.kept), names(claims.released), names(claims.adopted)],
      [['kept'], ['strayed'], ['orphan']],
    )
  })

  test('an owner on its way out leaves all as it is', () => {
    const leaving = { ...owner, metadata: { ...owner.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } }
    const claims = claimsOf(leaving, selector, owned, orphans)
    assert.deepEqual([names(claims.kept), names(claims.released), names(claims.adopted)], [['kept'], [], []])
  })

  const settle = (live: ApiObject, patched: Record<string, unknown>) =>
    settleClaims(
      {
        get: async () => live,
        patch: async (_kind: unknown, { name = '' }, patch: Patch) => {
          patched[name] = patch.body
          if (name === 'gone') throw notFound({ group: '', plural: 'pods' }, name)
          return testPod(name)
        },
      } as unknown as Client,
      Pod,
      ReplicaSet,
      owner,
      { kept: [], released: [testPod('strayed')], adopted: [testPod('orphan'), testPod('gone')] },
    )

  test('changes owner references, of exactly that object', async () => {
    const patched: Record<string, unknown> = {}
    assert.deepEqual(names(await settle(owner, patched)), ['orphan'])
    assert.deepEqual(patched['strayed'], {
      metadata: { ownerReferences: [{ $patch: 'delete', uid: 'web' }], uid: 'strayed' },
    })
    assert.deepEqual(patched['orphan'], {
      metadata: {
        ownerReferences: [
          {
            apiVersion: 'apps/v1',
            kind: 'ReplicaSet',
            name: 'web',
            uid: 'web',
            controller: true,
            blockOwnerDeletion: true,
          },
        ],
        uid: 'orphan',
      },
    })
  })

  test('adopts nothing for an owner that the server knows to be gone', async () => {
    const patched: Record<string, unknown> = {}
    await assert.rejects(settle({ metadata: { uid: 'another' } }, patched), /original ReplicaSet ns\/web is gone/)
    await assert.rejects(
      settle({ metadata: { uid: 'web', deletionTimestamp: '2026-01-01T00:00:00Z' } }, patched),
      /has just been deleted/,
    )
    assert.deepEqual(Object.keys(patched), ['strayed'])
  })
})
