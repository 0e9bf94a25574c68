import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { embedded, inline, kind, lazy, message, optional, string } from './declare.js'
import {
  JSONSchemaProps,
  JSONSchemaPropsOrArray,
  JSONSchemaPropsOrBool,
  ObjectMeta,
  Pod,
  Probe,
  ProbeHandler,
} from './test-messages.js'
import { fieldOf, jsonField, jsonFields, reachableMessages, resolve } from './walk.js'

describe('walking a schema', () => {
  it('sees through lazy schemas', () => {
    assert.equal(resolve(lazy(() => lazy(() => ObjectMeta))), ObjectMeta)
  })

  it('sees the fields of inlined messages where they are inlined', () => {
    assert.deepEqual(
      jsonFields(Probe).map(({ name }) => name),
      ['httpGet', 'initialDelaySeconds', 'terminationGracePeriodSeconds'],
    )
    assert.equal(jsonField(Probe, 'httpGet')?.owner, ProbeHandler)
    assert.equal(fieldOf(Probe, 'httpGet')?.number, 2)
    assert.equal(fieldOf(Probe, 'handler'), undefined)
    assert.equal(fieldOf(Probe, 'toString'), undefined)
  })

  it('puts kind, apiVersion and metadata first', () => {
    const odd = kind(
      'k8s.io.test.v1.Odd',
      { group: 'test', version: 'v1', plural: 'odds', namespaced: true },
      { data: optional(2, string), metadata: embedded(1, ObjectMeta) },
    )
    assert.deepEqual(
      jsonFields(odd).map(({ name }) => name),
      ['kind', 'apiVersion', 'metadata', 'data'],
    )
  })

  it('refuses a field that is there twice, and what cannot be inlined', () => {
    const twice = message('k8s.io.test.v1.Twice', { httpGet: optional(1, string), handler: inline(2, ProbeHandler) })
    assert.throws(() => jsonFields(twice), /Twice declares a JSON field twice/)
    assert.throws(
      () => jsonFields(message('k8s.io.test.v1.Bad', { a: inline(1, string) })),
      /only a message can be inlined/,
    )
  })

  it('finds every message a message refers to, once', () => {
    const names = reachableMessages(Pod).map(({ name }) => name.slice(name.lastIndexOf('.') + 1))
    assert.equal(new Set(names).size, names.length)
    for (const name of ['Pod', 'ObjectMeta', 'OwnerReference', 'ProbeHandler', 'HTTPGetAction', 'PodCondition'])
      assert.ok(names.includes(name), name)
    assert.deepEqual(
      new Set(reachableMessages(JSONSchemaProps)),
      new Set([JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool]),
    )
  })
})
