import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { applyPatch, updateManagedFields } from '../machinery/apply/index.js'
import { jsonEqual } from '../machinery/json-equal.js'
import { applyJsonPatch, applyMergePatch, applyStrategicMerge } from '../machinery/patch/index.js'
import { StatusError } from '../machinery/status-error.js'
import { decodeJson, type Kind } from '../schema/index.js'
import { arbitraryOf } from '../schema/test-values.js'
import { kinds } from './catalogue.js'

const runs = { numRuns: 4, seed: Math.floor(Date.now() / 86_400_000) }
const served = kinds.filter(({ plural }) => plural !== '')

type Fields = { readonly [name: string]: unknown }
const objectOf = (kind: Kind) => arbitraryOf(kind).map(sent => decodeJson(kind, sent) as unknown as Fields)

/** The answer, or undefined if it was refused as a client's fault or one that upstream has as a 500, too. */
function unlessRefused<T>(run: () => T): T | undefined {
  try {
    return run()
  } catch (error) {
    if (error instanceof StatusError) return undefined
    throw error
  }
}

const each = (law: (kind: Kind, a: Fields, b: Fields) => void) => {
  for (const kind of served)
    fc.assert(
      fc.property(objectOf(kind), objectOf(kind), (a, b) => {
        const before = JSON.stringify([a, b])
        law(kind, a, b)
        assert.equal(JSON.stringify([a, b]), before, 'nobody changes what was given')
      }),
      runs,
    )
}

describe('patches of every kind', () => {
  it('that say nothing change nothing', () =>
    each((kind, a) => {
      assert.equal(applyStrategicMerge(a, {}, kind), a)
      assert.equal(applyMergePatch(a, {}), a)
      assert.equal(applyJsonPatch(a, []), a)
    }))

  it('as merge patches are the same twice as once', () =>
    each((_, a, b) => {
      const once = applyMergePatch(a, b) as Fields
      assert.ok(jsonEqual(applyMergePatch(once, b), once))
    }))

  it('as strategic merges fail only as refusals, and replace as a whole when asked to', () =>
    each((kind, a, b) => {
      unlessRefused(() => applyStrategicMerge(a, b, kind))
      assert.deepEqual(applyStrategicMerge(a, { $patch: 'replace', ...b }, kind), b)
      assert.deepEqual(applyStrategicMerge(a, { $patch: 'delete' }, kind), {})
    }))

  it('as JSON patches can be undone', () =>
    each((_, a, b) => {
      const added = applyJsonPatch(a, [{ op: 'add', path: '/metadata/~0~1', value: b }]) as Fields
      assert.deepEqual((added['metadata'] as Fields)['~/'], b)
      const moved = applyJsonPatch(added, [{ op: 'move', from: '/metadata/~0~1', path: '/moved' }]) as Fields
      assert.deepEqual(moved['moved'], b)
      assert.deepEqual(
        applyJsonPatch(moved, [
          { op: 'test', path: '/moved', value: b },
          { op: 'remove', path: '/moved' },
        ]),
        a,
      )
    }))
})

describe('managed fields of every kind', () => {
  const about = (kind: Kind) => {
    const { group, version } = kind.gvk
    return { schema: kind, apiVersion: group ? `${group}/${version}` : version }
  }
  const config = (kind: Kind, { metadata, ...fields }: Fields) => {
    const { managedFields: _, ...rest } = metadata as Fields
    return { ...fields, kind: kind.gvk.kind, apiVersion: about(kind).apiVersion, metadata: rest }
  }

  it('of one who applies the same twice stay, and so does the object', () =>
    each((kind, a) => {
      const applied = { ...about(kind), config: config(kind, a), manager: 'me', time: '2026-01-01T00:00:00Z' }
      const once = unlessRefused(() => applyPatch({ ...applied, live: undefined }))
      if (!once) return
      const live = { ...once.object, metadata: { ...(once.object as { metadata?: object }).metadata } }
      const twice = applyPatch({ ...applied, live, managedFields: once.managedFields, time: '2026-02-02T00:00:00Z' })
      assert.ok(jsonEqual(twice.object, live))
      assert.deepEqual(twice.managedFields, once.managedFields)
    }))

  it('are the writer’s for what changes, and stay as they are when nothing does', () =>
    each((kind, a, b) => {
      const write = { ...about(kind), manager: 'me', time: '2026-01-01T00:00:00Z' }
      const created = updateManagedFields({ ...write, before: undefined, after: a })
      const stored = { ...a, metadata: { ...(a['metadata'] as object), managedFields: created } }
      const again = { ...write, manager: 'you', before: stored, managedFields: created }
      assert.deepEqual(updateManagedFields({ ...again, after: stored }), created)
      const changed = { ...b, metadata: { ...(b['metadata'] as object), managedFields: created } }
      for (const { manager } of updateManagedFields({ ...again, after: changed }))
        assert.ok(manager === 'me' || manager === 'you', manager)
    }))
})
