import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { updateManagedFields } from '../../machinery/apply/index.js'
import type { ApiObject } from '../../machinery/object.js'
import { encodeForStore, StoredObject } from './stored-object.js'

const object: ApiObject & { readonly data: object } = {
  data: { text: 'ü "metadata":{ \u2028', __proto__: null as never },
  metadata: { name: 'a', namespace: 'x', resourceVersion: '3', labels: { k: 'v' } },
  kind: 'ConfigMap',
  apiVersion: 'v1',
}

describe('stored object', () => {
  it('keeps the bytes it was stored as, with the version of the store', () => {
    const stored = new StoredObject(encodeForStore(object), 17)
    const expected = { ...object, metadata: { ...object.metadata, resourceVersion: '17' } }
    assert.deepEqual(JSON.parse(stored.json.toString()), JSON.parse(JSON.stringify(expected)))
    assert.equal(stored.line.toString(), `${stored.json.toString()}\n`)
    assert.equal(stored.object.metadata.resourceVersion, '17')
    assert.deepEqual(JSON.parse(`{${stored.itemTail.toString()}`), {
      metadata: expected.metadata,
      data: { text: object.data && 'ü "metadata":{ \u2028' },
    })
  })

  it('is not written with a version of its own', () => {
    const text = encodeForStore(object).toString()
    assert.ok(text.startsWith('{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name"'))
    assert.ok(!text.includes('resourceVersion'))
  })

  it('is written with managed fields, and with nothing but metadata', () => {
    const managedFields = updateManagedFields({
      schema: undefined,
      apiVersion: 'v1',
      before: undefined,
      after: object,
      manager: 'm',
      subresource: 'status',
      time: '2026-01-01T00:00:00Z',
    })
    const foreign = { manager: 'x', operation: 'Apply', fieldsType: 'FieldsV1', fieldsV1: { 'f:data': {} } }
    for (const entries of [managedFields, [foreign, ...managedFields], []])
      for (const metadata of [{ name: 'a', managedFields: entries }, { managedFields: entries }]) {
        const whole = { kind: 'ConfigMap', apiVersion: 'v1', metadata, data: { a: 'b' } }
        assert.equal(encodeForStore(whole).toString(), JSON.stringify(whole))
      }
    const bare = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'a' } }
    assert.equal(encodeForStore(bare).toString(), JSON.stringify(bare))
  })

  it('has no version when it was never stored', () => {
    const stored = new StoredObject(encodeForStore(object), 0)
    assert.equal(stored.object.metadata.resourceVersion, undefined)
  })

  it('is the same at another revision, parsed or not', () => {
    for (const parse of [false, true]) {
      const stored = new StoredObject(encodeForStore(object), 9)
      if (parse) stored.object
      const later = stored.at(123456)
      assert.equal(later.object.metadata.resourceVersion, '123456')
      assert.deepEqual(JSON.parse(later.json.toString()), later.object)
      assert.equal(later.revision, 123456)
      assert.equal(stored.object.metadata.resourceVersion, '9')
    }
  })

  it('keeps keys that mean something to JavaScript', () => {
    const tricky = JSON.parse('{"kind":"K","apiVersion":"v1","metadata":{"name":"a","labels":{"__proto__":"x"}}}')
    const stored = new StoredObject<ApiObject>(encodeForStore(tricky), 2)
    assert.deepEqual(Object.keys(stored.at(3).object.metadata.labels ?? {}), ['__proto__'])
    assert.ok(stored.json.includes('"__proto__":"x"'))
  })

  it('is frozen, so that nobody changes what others see', () => {
    const stored = new StoredObject<ApiObject>(encodeForStore(object), 2)
    assert.throws(() => {
      ;(stored.object.metadata.labels as Record<string, string>)['k'] = 'changed'
    }, TypeError)
  })

  it('refuses a value that is no object', () => {
    assert.throws(() => new StoredObject(Buffer.from('{}'), 1), /lacks its metadata/)
  })
})
